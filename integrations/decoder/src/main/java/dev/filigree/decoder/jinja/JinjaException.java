package dev.filigree.decoder.jinja;

/** A template cannot be rendered; the message says why. */
public final class JinjaException extends RuntimeException {
  /** With that reason. */
  public JinjaException(String reason) {
    super(reason);
  }

  JinjaException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
