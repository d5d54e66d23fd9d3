package dev.filigree.plan;

/** Bad input or an impossible request; its text is a {@link Message}. */
public final class FiligreeException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final Message id;

  public FiligreeException(Message id, Object... args) {
    super(id.text(args));
    this.id = id;
  }

  /** With a cause that helps to find the reason. */
  public FiligreeException(Throwable cause, Message id, Object... args) {
    super(id.text(args), cause);
    this.id = id;
  }

  /** Which message this is. */
  public Message id() {
    return id;
  }
}
