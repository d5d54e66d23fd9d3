package dev.filigree.cli;

import dev.filigree.cli.decoder.ChatRun;
import java.io.PrintWriter;

/** Answers go to standard output as they come; on a terminal a sign asks for the next message. */
final class ChatScreen implements ChatRun.Screen {
  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean asks = Boolean.getBoolean("filigree.terminal");

  private final ProgressDisplay progress;

  /**
   * @param out or null where answers are not shown
   * @param progress ends where the chat begins
   */
  ChatScreen(PrintWriter out, PrintWriter err, ProgressDisplay progress) {
    this.progress = progress;
    this.out = out;
    this.err = err;
  }

  @Override
  public void ask() {
    progress.close();
    if (asks) {
      err.print("> ");
      err.flush();
    }
  }

  @Override
  public void text(String piece) {
    if (out != null) {
      out.print(piece);
      out.flush();
    }
  }

  @Override
  public void end() {
    text(System.lineSeparator());
  }
}
