package dev.filigree.benchmarks.rivals;

import com.google.gson.Gson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A vocabulary in which every id from {@link #FIRST} on is one character of its own, so that a text
 * and a sequence of ids say the same, also to a library that takes and gives text only.
 */
final class Vocabulary {
  static final int UNKNOWN = 0;
  static final int BOS = 1;
  static final int EOS = 2;

  /** The line feed, which llama.cpp looks for. */
  static final int NEWLINE = 3;

  /** The first id that is an ordinary character. */
  static final int FIRST = 4;

  private static final int IDEOGRAPHS = 0x4e00;
  private static final int IDEOGRAPHS_END = 0x9fa6;
  private static final int SYLLABLES = 0xac00;
  private static final int SYLLABLES_END = 0xd7a4;

  private Vocabulary() {}

  /** The text of an id. */
  static String text(int id) {
    return switch (id) {
      case UNKNOWN -> "<unk>";
      case BOS -> "<s>";
      case EOS -> "</s>";
      case NEWLINE -> "\n";
      default -> String.valueOf(character(id - FIRST));
    };
  }

  private static char character(int index) {
    int ideographs = IDEOGRAPHS_END - IDEOGRAPHS;
    int code = index < ideographs ? IDEOGRAPHS + index : SYLLABLES + index - ideographs;
    if (code >= SYLLABLES_END) {
      throw new IllegalArgumentException("more ids than characters");
    }
    return (char) code;
  }

  /** The texts of all ids, in their order. */
  static List<String> texts(int size) {
    List<String> texts = new ArrayList<>();
    for (int id = 0; id < size; id++) {
      texts.add(text(id));
    }
    return texts;
  }

  /** A text of those ids. */
  static String text(int... ids) {
    StringBuilder out = new StringBuilder();
    for (int id : ids) {
      out.append(text(id));
    }
    return out.toString();
  }

  /** The ids of a text without the special ones. */
  static int[] ids(String text) {
    return text.chars()
        .map(
            c -> {
              if (c == '\n') {
                return NEWLINE;
              }
              int ideographs = IDEOGRAPHS_END - IDEOGRAPHS;
              return FIRST + (c < SYLLABLES ? c - IDEOGRAPHS : c - SYLLABLES + ideographs);
            })
        .toArray();
  }

  /** A {@code tokenizer.json} of it. */
  static String tokenizerJson(int size) {
    Map<String, Integer> vocab = new LinkedHashMap<>();
    for (int id = 0; id < size; id++) {
      vocab.put(text(id), id);
    }
    List<Map<String, Object>> added = new ArrayList<>();
    for (int id = UNKNOWN; id <= EOS; id++) {
      Map<String, Object> token = new LinkedHashMap<>();
      token.put("id", id);
      token.put("content", text(id));
      token.put("single_word", false);
      token.put("lstrip", false);
      token.put("rstrip", false);
      token.put("normalized", false);
      token.put("special", true);
      added.add(token);
    }
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "BPE");
    model.put("unk_token", text(UNKNOWN));
    model.put("fuse_unk", false);
    model.put("byte_fallback", false);
    model.put("vocab", vocab);
    model.put("merges", List.of());
    return new Gson().toJson(Map.of("version", "1.0", "added_tokens", added, "model", model));
  }
}
