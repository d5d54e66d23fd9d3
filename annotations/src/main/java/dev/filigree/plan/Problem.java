package dev.filigree.plan;

/**
 * One broken rule.
 *
 * @param message which rule
 * @param attribute the annotation attribute it is about, for example {@code sparsity}, or {@code
 *     include[1]} for one element of an array; empty for the whole annotation
 * @param text the full text, tag included
 */
public record Problem(Message message, String attribute, String text) {

  static Problem of(Message message, String attribute, Object... args) {
    return new Problem(message, attribute, message.text(args));
  }

  /** Whether the declaration cannot be used. */
  public boolean isError() {
    return message.severity() == Message.Severity.ERROR;
  }
}
