package dev.filigree.recipe;

import java.util.List;
import java.util.Map;

/**
 * As much of YAML as recipes have. Texts are not resolved to types: the reader knows which it
 * wants.
 */
sealed interface YamlNode {
  /** Where it begins. */
  Place place();

  /** What it is, for messages. */
  String what();

  /** A scalar; a quoted one is never a number. */
  record Text(String text, boolean quoted, Place place) implements YamlNode {
    /** Characters of a text that messages show. */
    private static final int SHOWN = 60;

    @Override
    public String what() {
      if (text.isEmpty() && !quoted) {
        return "empty";
      }
      String line = text.replaceAll("\\p{Cntrl}+", " ");
      return "\"" + (line.length() > SHOWN ? line.substring(0, SHOWN) + "..." : line) + "\"";
    }
  }

  /** A sequence. */
  record Items(List<YamlNode> items, Place place) implements YamlNode {
    @Override
    public String what() {
      return "a list";
    }
  }

  /** A mapping, in the order it was written. */
  record Keys(Map<String, Entry> entries, Place place) implements YamlNode {
    @Override
    public String what() {
      return "a mapping";
    }
  }

  /**
   * One key of a mapping.
   *
   * @param place of the key
   */
  record Entry(Place place, YamlNode value) {}
}
