package dev.filigree.decoder.jinja;

/**
 * Refuses templates whose expressions are nested deep: the time the engine takes to read one grows
 * with a power of its brackets.
 */
final class Nesting {
  private static final int MOST = 30;

  private final String source;
  private int at;

  private Nesting(String source) {
    this.source = source;
  }

  /**
   * Looks at every expression and block.
   *
   * @throws JinjaException where one is nested too deep
   */
  static void check(String source) {
    Nesting nesting = new Nesting(source);
    while (nesting.at < source.length()) {
      if (nesting.comesNext("{#")) {
        int end = source.indexOf("#}", nesting.at);
        nesting.at = end < 0 ? source.length() : end + 2;
      } else if (nesting.comesNext("{{") || nesting.comesNext("{%")) {
        nesting.at += 2;
        nesting.code();
      } else {
        nesting.at++;
      }
    }
  }

  private boolean comesNext(String text) {
    return source.startsWith(text, at);
  }

  private void code() {
    int depth = 0;
    while (at < source.length()) {
      if (depth == 0 && (comesNext("}}") || comesNext("%}"))) {
        return;
      }
      char c = source.charAt(at++);
      switch (c) {
        case '(', '[', '{' -> depth++;
        case ')', ']', '}' -> depth = Math.max(0, depth - 1);
        case '\'', '"' -> quoted(c);
        default -> {}
      }
      if (depth > MOST) {
        throw new JinjaException("an expression has more than " + MOST + " brackets in each other");
      }
    }
  }

  private void quoted(char quote) {
    while (at < source.length()) {
      char c = source.charAt(at++);
      if (c == quote) {
        return;
      }
      at += c == '\\' ? 1 : 0;
    }
  }
}
