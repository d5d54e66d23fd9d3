package dev.filigree.decoder.text;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How byte-level tokenizers cut a text into words, by the names GGUF files give the ways.
 *
 * @param pattern what a word is; empty for GPT-2's, which the tokenizers have built in
 * @param composed whether the text is brought into Unicode form NFC first
 * @param wholeWords whether a word that is a token is taken as it is, whatever the merges
 */
record ByteLevelSplit(Optional<String> pattern, boolean composed, boolean wholeWords) {
  private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  private static final String REST =
      "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final Set<String> LLAMA3 = Set.of("llama3", "llama-v3", "llama-bpe");
  private static final Map<String, ByteLevelSplit> OTHERS =
      Map.of(
          "qwen2", new ByteLevelSplit(Optional.of(words("\\p{N}")), true, false),
          "gpt-2", new ByteLevelSplit(Optional.empty(), false, false));

  private static String words(String digits) {
    return CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + digits + REST;
  }

  static boolean isLlama3(String name) {
    return LLAMA3.contains(name);
  }

  static Optional<ByteLevelSplit> of(String name) {
    return isLlama3(name)
        ? Optional.of(new ByteLevelSplit(Optional.of(words("\\p{N}{1,3}")), false, true))
        : Optional.ofNullable(OTHERS.get(name));
  }

  static List<String> names() {
    return List.of("llama-bpe", "qwen2", "gpt-2");
  }
}
