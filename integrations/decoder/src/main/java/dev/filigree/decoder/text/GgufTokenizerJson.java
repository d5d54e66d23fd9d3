package dev.filigree.decoder.text;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.filigree.decoder.gguf.GgufMetadata;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The tokenizer of a GGUF file as a {@code tokenizer.json} of Hugging Face. */
public final class GgufTokenizerJson {
  private static final String SPACE = "\u2581";

  private final Object where;
  private final GgufMetadata meta;
  private final List<String> tokens;
  private final long[] types;
  private final Map<String, Integer> ids = new HashMap<>();

  private GgufTokenizerJson(GgufMetadata meta, Object where) {
    this.where = where;
    this.meta = meta;
    tokens = meta.texts(GgufVocabulary.TOKENS).orElseThrow(() -> missing(GgufVocabulary.TOKENS));
    types = meta.wholes(GgufVocabulary.TYPES).orElse(new long[tokens.size()]);
    if (types.length != tokens.size()) {
      throw refused(types.length + " types for " + tokens.size() + " tokens");
    }
    for (int id = 0; id < tokens.size(); id++) {
      Integer before = ids.put(tokens.get(id), id);
      if (before != null) {
        throw refused("ids " + before + " and " + id + " are spelled alike: " + tokens.get(id));
      }
    }
  }

  /**
   * The text of such a file.
   *
   * @param where named in messages
   * @throws FiligreeException FIL-0823 where the tokenizer is of another kind or contradicts itself
   */
  public static String of(GgufMetadata meta, Object where) {
    String model =
        meta.text(GgufVocabulary.MODEL)
            .orElseThrow(
                () ->
                    new FiligreeException(
                        Message.FIL_0823, where, GgufVocabulary.MODEL + " is missing"));
    return switch (model) {
      case GgufVocabulary.SENTENCE_PIECE -> new GgufTokenizerJson(meta, where).sentencePiece();
      case GgufVocabulary.BYTE_LEVEL -> new GgufTokenizerJson(meta, where).byteLevel();
      default ->
          throw new FiligreeException(
              Message.FIL_0823,
              where,
              GgufVocabulary.MODEL + " is " + model + "; legal: llama, gpt2");
    };
  }

  private String sentencePiece() {
    JsonObject json = common();
    JsonArray normalizers = new JsonArray();
    if (meta.flag("tokenizer.ggml.add_space_prefix").orElse(true)) {
      JsonObject prepend = typed("Prepend");
      prepend.addProperty("prepend", SPACE);
      normalizers.add(prepend);
    }
    normalizers.add(replace(" ", SPACE));
    json.add("normalizer", sequence("normalizers", normalizers));
    JsonArray decoders = new JsonArray();
    decoders.add(replace(SPACE, " "));
    decoders.add(typed("ByteFallback"));
    decoders.add(typed("Fuse"));
    JsonObject strip = typed("Strip");
    strip.addProperty("content", " ");
    strip.addProperty("start", 1);
    strip.addProperty("stop", 0);
    decoders.add(strip);
    json.add("decoder", sequence("decoders", decoders));
    JsonObject model = model(scoredMerges());
    meta.count("tokenizer.ggml.unknown_token_id")
        .filter(id -> id < tokens.size())
        .ifPresent(id -> model.addProperty("unk_token", tokens.get(id)));
    model.addProperty("fuse_unk", true);
    model.addProperty("byte_fallback", true);
    json.add("model", model);
    return json.toString();
  }

  private String byteLevel() {
    String name = meta.text(GgufVocabulary.PRE).orElseThrow(() -> missing(GgufVocabulary.PRE));
    ByteLevelSplit split =
        ByteLevelSplit.of(name)
            .orElseThrow(
                () ->
                    refused(
                        "%s is %s; legal: %s"
                            .formatted(
                                GgufVocabulary.PRE,
                                name,
                                String.join(", ", ByteLevelSplit.names()))));
    List<String> merges =
        meta.texts("tokenizer.ggml.merges").orElseThrow(() -> missing("tokenizer.ggml.merges"));
    JsonArray pairs = new JsonArray();
    for (String merge : merges) {
      int space = merge.indexOf(' ', 1);
      if (space < 0) {
        throw refused("the merge \"" + merge + "\" is not of two tokens");
      }
      pairs.add(pair(merge.substring(0, space), merge.substring(space + 1)));
    }
    JsonObject json = common();
    if (split.composed()) {
      json.add("normalizer", typed("NFC"));
    }
    JsonArray steps = new JsonArray();
    split.pattern().ifPresent(p -> steps.add(cut(p)));
    JsonObject bytes = typed("ByteLevel");
    bytes.addProperty("add_prefix_space", false);
    bytes.addProperty("trim_offsets", false);
    bytes.addProperty("use_regex", split.pattern().isEmpty());
    steps.add(bytes);
    json.add("pre_tokenizer", sequence("pretokenizers", steps));
    json.add("decoder", bytes.deepCopy());
    JsonObject model = model(pairs);
    model.addProperty("ignore_merges", split.wholeWords());
    json.add("model", model);
    return json.toString();
  }

  private static JsonObject cut(String pattern) {
    JsonObject regex = new JsonObject();
    regex.addProperty("Regex", pattern);
    JsonObject cut = typed("Split");
    cut.add("pattern", regex);
    cut.addProperty("behavior", "Isolated");
    cut.addProperty("invert", false);
    return cut;
  }

  /** Ids with a meaning of their own are found in a text before anything else is. */
  private JsonObject common() {
    JsonArray added = new JsonArray();
    for (int id = 0; id < types.length; id++) {
      boolean special = types[id] == GgufVocabulary.CONTROL || types[id] == GgufVocabulary.UNKNOWN;
      if (special || types[id] == GgufVocabulary.USER_DEFINED) {
        JsonObject token = new JsonObject();
        token.addProperty("id", id);
        token.addProperty("content", tokens.get(id));
        token.addProperty("single_word", false);
        token.addProperty("lstrip", false);
        token.addProperty("rstrip", false);
        token.addProperty("normalized", false);
        token.addProperty("special", special);
        added.add(token);
      }
    }
    JsonObject json = new JsonObject();
    json.addProperty("version", "1.0");
    json.add("added_tokens", added);
    return json;
  }

  private JsonObject model(JsonArray merges) {
    JsonObject vocab = new JsonObject();
    for (int id = 0; id < tokens.size(); id++) {
      vocab.addProperty(tokens.get(id), id);
    }
    JsonObject model = typed("BPE");
    model.add("vocab", vocab);
    model.add("merges", merges);
    return model;
  }

  private record Merge(String left, String right, int id) {}

  /**
   * A SentencePiece model merges the two neighbours that form the piece with the best score; so
   * every way to cut a piece into two pieces is a merge, and the best score comes first.
   */
  private JsonArray scoredMerges() {
    double[] scores =
        meta.reals("tokenizer.ggml.scores").orElseThrow(() -> missing("tokenizer.ggml.scores"));
    if (scores.length != tokens.size()) {
      throw refused(scores.length + " scores for " + tokens.size() + " tokens");
    }
    List<Merge> merges = new ArrayList<>();
    for (int id = 0; id < scores.length; id++) {
      // Bytes, control and unused ids are no pieces.
      if (types[id] <= 1) {
        String piece = tokens.get(id);
        for (int at = 1; at < piece.length(); at++) {
          String left = piece.substring(0, at);
          String right = piece.substring(at);
          if (isPiece(left) && isPiece(right)) {
            merges.add(new Merge(left, right, id));
          }
        }
      }
    }
    merges.sort(
        Comparator.<Merge>comparingDouble(m -> -scores[m.id])
            .thenComparingInt(m -> m.id)
            .thenComparingInt(m -> ids.get(m.left)));
    JsonArray out = new JsonArray();
    merges.forEach(m -> out.add(pair(m.left, m.right)));
    return out;
  }

  private boolean isPiece(String text) {
    Integer id = ids.get(text);
    return id != null && types[id] <= 1;
  }

  private static JsonArray pair(String left, String right) {
    JsonArray pair = new JsonArray();
    pair.add(left);
    pair.add(right);
    return pair;
  }

  private static JsonObject sequence(String name, JsonArray steps) {
    JsonObject sequence = typed("Sequence");
    sequence.add(name, steps);
    return sequence;
  }

  private static JsonObject replace(String from, String to) {
    JsonObject pattern = new JsonObject();
    pattern.addProperty("String", from);
    JsonObject replace = typed("Replace");
    replace.add("pattern", pattern);
    replace.addProperty("content", to);
    return replace;
  }

  private static JsonObject typed(String type) {
    JsonObject json = new JsonObject();
    json.addProperty("type", type);
    return json;
  }

  private FiligreeException missing(String key) {
    return refused(key + " is missing");
  }

  private FiligreeException refused(String reason) {
    return new FiligreeException(Message.FIL_0823, where, reason);
  }
}
