package dev.filigree.samples.language;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Byte-pair encoding learnt from a text (Sennrich et al. 2016, over bytes as GPT-2 has it): the two
 * neighbours that are most frequent inside words become one token, again and again. Ids are that of
 * the end of a text, those of the 256 bytes, then the merges.
 *
 * @param vocab tokens in the order of their ids
 * @param merges pairs of tokens, the first learnt first
 */
record BytePairs(List<String> vocab, List<Pair> merges) {
  /** The id that begins and ends a text. */
  static final int END_OF_TEXT = 0;

  private static final String END = "<|endoftext|>";
  private static final int BYTES = 256;

  /** How GPT-2 cuts a text into words, as the pre-tokenizer ByteLevel does. */
  private static final Pattern WORD =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
          Pattern.UNICODE_CHARACTER_CLASS);

  /** Two neighbours. */
  record Pair(String left, String right) implements Comparable<Pair> {
    String joined() {
      return left + right;
    }

    @Override
    public int compareTo(Pair other) {
      int c = left.compareTo(other.left);
      return c != 0 ? c : right.compareTo(other.right);
    }
  }

  /** A word as the tokens it consists of so far, and how often it occurs. */
  private record Word(List<String> tokens, int count) {}

  /**
   * Learns from a text.
   *
   * @param size ids in all, more than 257; a text with fewer different pairs gets fewer
   */
  static BytePairs learn(String text, int size) {
    List<String> vocab = new ArrayList<>(List.of(END));
    for (int b = 0; b < BYTES; b++) {
      vocab.add(spelling(b));
    }
    List<Word> words = words(text);
    List<Pair> merges = new ArrayList<>();
    while (vocab.size() < size) {
      Pair best = mostFrequent(words);
      if (best == null) {
        break;
      }
      merges.add(best);
      // Two ways to the same token give it one id.
      if (!vocab.contains(best.joined())) {
        vocab.add(best.joined());
      }
      words.forEach(w -> merge(w.tokens, best));
    }
    return new BytePairs(List.copyOf(vocab), List.copyOf(merges));
  }

  private static List<Word> words(String text) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    Matcher m = WORD.matcher(text);
    while (m.find()) {
      counts.merge(m.group(), 1, Integer::sum);
    }
    List<Word> words = new ArrayList<>();
    counts.forEach(
        (word, count) -> {
          List<String> tokens = new ArrayList<>();
          for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
            tokens.add(spelling(b & 0xff));
          }
          words.add(new Word(tokens, count));
        });
    return words;
  }

  /** Of equal ones the first in the alphabet; null where none occurs twice. */
  private static Pair mostFrequent(List<Word> words) {
    Map<Pair, Integer> counts = new HashMap<>();
    for (Word w : words) {
      for (int i = 0; i + 1 < w.tokens.size(); i++) {
        counts.merge(new Pair(w.tokens.get(i), w.tokens.get(i + 1)), w.count, Integer::sum);
      }
    }
    Pair best = null;
    int most = 1;
    for (Map.Entry<Pair, Integer> e : counts.entrySet()) {
      int count = e.getValue();
      if (count > most || (count == most && best != null && e.getKey().compareTo(best) < 0)) {
        best = e.getKey();
        most = count;
      }
    }
    return best;
  }

  private static void merge(List<String> tokens, Pair pair) {
    for (int i = 0; i + 1 < tokens.size(); i++) {
      if (tokens.get(i).equals(pair.left) && tokens.get(i + 1).equals(pair.right)) {
        tokens.set(i, pair.joined());
        tokens.remove(i + 1);
      }
    }
  }

  /** A visible character for every byte, as GPT-2 chose them: itself, or one from 256 on. */
  private static String spelling(int b) {
    if (isVisible(b)) {
      return String.valueOf((char) b);
    }
    int before = 0;
    for (int other = 0; other < b; other++) {
      before += isVisible(other) ? 0 : 1;
    }
    return String.valueOf((char) (BYTES + before));
  }

  private static boolean isVisible(int b) {
    return (b > ' ' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
  }

  /** The {@code tokenizer.json} of Hugging Face. */
  String json() {
    JsonObject end = new JsonObject();
    end.addProperty("id", END_OF_TEXT);
    end.addProperty("content", END);
    for (String no : new String[] {"single_word", "lstrip", "rstrip", "normalized"}) {
      end.addProperty(no, false);
    }
    end.addProperty("special", true);
    JsonArray added = new JsonArray();
    added.add(end);

    JsonObject bytes = new JsonObject();
    bytes.addProperty("type", "ByteLevel");
    bytes.addProperty("add_prefix_space", false);
    bytes.addProperty("trim_offsets", true);
    bytes.addProperty("use_regex", true);

    JsonObject ids = new JsonObject();
    for (int id = 0; id < vocab.size(); id++) {
      ids.addProperty(vocab.get(id), id);
    }
    JsonArray pairs = new JsonArray();
    merges.forEach(p -> pairs.add(p.left + " " + p.right));
    JsonObject model = new JsonObject();
    model.addProperty("type", "BPE");
    model.add("vocab", ids);
    model.add("merges", pairs);

    JsonObject json = new JsonObject();
    json.addProperty("version", "1.0");
    json.add("added_tokens", added);
    json.add("pre_tokenizer", bytes);
    json.add("decoder", bytes.deepCopy());
    json.add("model", model);
    return json + "\n";
  }
}
