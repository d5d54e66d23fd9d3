package dev.filigree.recipe;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Which of the legal words was meant. */
final class Nearest {
  /** Below that every word is near. */
  private static final int SHORTEST = 3;

  private Nearest() {}

  /** The word with the fewest letters to change, where that is at most a third of it. */
  static Optional<String> of(String written, Collection<String> legal) {
    String word = plain(written);
    return legal.stream()
        .filter(l -> l.length() >= SHORTEST)
        .filter(
            l -> distance(word, plain(l)) <= Math.max(1, Math.max(l.length(), word.length()) / 3))
        .min(Comparator.comparingInt(l -> distance(word, plain(l))));
  }

  /** What to say about it, with a blank before; empty where nothing is near. */
  static String hint(String written, Collection<String> legal) {
    return of(written, legal).map(l -> " Did you mean " + l + "?").orElse("");
  }

  /** Upper case, hyphens and underscores make no difference. */
  static String plain(String word) {
    return word.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
  }

  /** Levenshtein's: letters to insert, delete or replace. */
  private static int distance(String a, String b) {
    if (Math.abs(a.length() - b.length()) > b.length()) {
      return a.length() + b.length(); // a long text need not be walked
    }
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
