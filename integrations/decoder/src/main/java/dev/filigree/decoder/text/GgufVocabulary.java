package dev.filigree.decoder.text;

import dev.filigree.decoder.gguf.GgufMetadata;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The keys of a GGUF file that say which ids it has. */
public final class GgufVocabulary {
  static final String MODEL = "tokenizer.ggml.model";
  static final String PRE = "tokenizer.ggml.pre";
  static final String TOKENS = "tokenizer.ggml.tokens";
  static final String TYPES = "tokenizer.ggml.token_type";
  static final String SENTENCE_PIECE = "llama";
  static final String BYTE_LEVEL = "gpt2";

  /** Types of ids. */
  static final int UNKNOWN = 2;

  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;

  private static final String BOS = "tokenizer.ggml.bos_token_id";
  private static final String EOS = "tokenizer.ggml.eos_token_id";
  static final String TEMPLATE = "tokenizer.chat_template";
  // A file names one id that ends a text; those that end a turn are known by their spelling.
  static final Set<String> TURN_ENDS = Set.of("<|eot_id|>", "<|eom_id|>", "<|im_end|>");

  private GgufVocabulary() {}

  /**
   * The ids a text begins and ends with.
   *
   * @param bos put before every text, -1 for none
   * @param stops end a text or a turn
   */
  public record Ends(int bos, List<Integer> stops) {}

  /** Whether a file has a tokenizer. */
  public static boolean isIn(GgufMetadata meta) {
    return meta.has(MODEL);
  }

  /**
   * Which ids begin and end a text.
   *
   * @throws dev.filigree.plan.FiligreeException FIL-0822 for a value of another type
   */
  public static Ends ends(GgufMetadata meta) {
    boolean byteLevel = meta.text(MODEL).filter(BYTE_LEVEL::equals).isPresent();
    boolean first =
        meta.flag("tokenizer.ggml.add_bos_token")
            .orElse(!byteLevel || meta.text(PRE).filter(ByteLevelSplit::isLlama3).isPresent());
    Set<Integer> stops = new LinkedHashSet<>();
    meta.count(EOS).ifPresent(stops::add);
    meta.count("tokenizer.ggml.eot_token_id").ifPresent(stops::add);
    meta.count("tokenizer.ggml.eom_token_id").ifPresent(stops::add);
    List<String> tokens = meta.texts(TOKENS).orElse(List.of());
    long[] types = meta.wholes(TYPES).orElse(new long[0]);
    for (int id = 0; id < Math.min(tokens.size(), types.length); id++) {
      if (types[id] == CONTROL && TURN_ENDS.contains(tokens.get(id))) {
        stops.add(id);
      }
    }
    return new Ends(first ? meta.count(BOS).orElse(-1) : -1, new ArrayList<>(stops));
  }

  /** The chat template, a text in the language Jinja. */
  public static Optional<String> chatTemplate(GgufMetadata meta) {
    return meta.text(TEMPLATE);
  }

  /** The spelling of the id that begins a text. */
  public static Optional<String> bosText(GgufMetadata meta) {
    return spelling(meta, BOS);
  }

  /** The spelling of the id that ends a text. */
  public static Optional<String> eosText(GgufMetadata meta) {
    return spelling(meta, EOS);
  }

  private static Optional<String> spelling(GgufMetadata meta, String key) {
    List<String> tokens = meta.texts(TOKENS).orElse(List.of());
    return meta.count(key).filter(id -> id < tokens.size()).map(tokens::get);
  }
}
