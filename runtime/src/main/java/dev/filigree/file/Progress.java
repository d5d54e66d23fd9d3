package dev.filigree.file;

/** Is told how far long work has come. */
public interface Progress {
  /** Says nothing. */
  Progress SILENT = (task, done, total) -> {};

  /**
   * Called often; an implementation decides how much it shows.
   *
   * @param task what is done, a few words
   * @param done units done, 0 to {@code total}; {@code total} ends the task
   * @param total units of this task, at least 1
   */
  void at(String task, long done, long total);
}
