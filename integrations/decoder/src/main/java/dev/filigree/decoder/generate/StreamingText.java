package dev.filigree.decoder.generate;

import dev.filigree.decoder.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/** Turns ids into text as they come; characters of several bytes are held back until complete. */
public final class StreamingText {
  private static final char INCOMPLETE = '\uFFFD';

  private final Tokenizer tokenizer;
  private final List<Integer> ids = new ArrayList<>();
  private int shown;

  /** Text by that tokenizer. */
  public StreamingText(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** The text that one more id makes known. */
  public String add(int id) {
    ids.add(id);
    String all = tokenizer.decode(ids);
    int end = all.length();
    while (end > shown && all.charAt(end - 1) == INCOMPLETE) {
      end--;
    }
    String fresh = all.substring(Math.min(shown, end), end);
    shown = Math.max(shown, end);
    return fresh;
  }

  /** What was held back until the end. */
  public String rest() {
    String all = tokenizer.decode(ids);
    String fresh = all.substring(Math.min(shown, all.length()));
    shown = all.length();
    return fresh;
  }
}
