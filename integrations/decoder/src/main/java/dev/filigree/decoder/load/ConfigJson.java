package dev.filigree.decoder.load;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.FrequencyFactors;
import dev.filigree.decoder.model.Llama3Scaling;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.decoder.model.RopeScaling;
import dev.filigree.file.JsonReason;
import dev.filigree.kernel.Activation;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** {@code config.json} of Hugging Face for the model types llama, mistral and qwen2. */
public final class ConfigJson {
  private static final List<String> TYPES = List.of("llama", "mistral", "qwen2");
  private static final String LAYOUT = "filigree_rope_layout";
  private static final String ACTIVATION = "hidden_act";
  private static final String SILU = "silu";
  private static final String RELU = "relu";
  // Factors one by one; a GGUF file does not say what they were computed from.
  private static final String FACTORS = "filigree_factors";

  private final JsonFields json;

  private ConfigJson(JsonFields json) {
    this.json = json;
  }

  /**
   * Reads a configuration.
   *
   * @param where named in messages
   * @throws FiligreeException FIL-0701 where it is none, or of a model this decoder is not,
   *     FIL-0702 for a shape that is none
   */
  public static DecoderConfig parse(String text, Object where) {
    return new ConfigJson(fields(text, where)).read();
  }

  /** The fields of such a file; what is wrong with them is FIL-0701. */
  static JsonFields fields(String text, Object where) {
    JsonElement json;
    try {
      json = JsonParser.parseString(text);
    } catch (JsonParseException e) {
      throw new FiligreeException(e, Message.FIL_0701, where, JsonReason.of(e));
    }
    if (json instanceof JsonObject object) {
      return new JsonFields(
          object, reason -> new FiligreeException(Message.FIL_0701, where, reason));
    }
    throw new FiligreeException(Message.FIL_0701, where, "it is no JSON object");
  }

  private DecoderConfig read() {
    String type = json.has("model_type") ? json.text("model_type") : "missing";
    if (!TYPES.contains(type)) {
      throw json.refused(
          "model_type is " + JsonReason.quoted(type) + "; legal: " + String.join(", ", TYPES));
    }
    Activation activation = activation();
    if (json.flag("mlp_bias", false)) {
      throw json.refused("mlp_bias is true; legal: false");
    }
    boolean qwen = type.equals("qwen2");
    int dim = json.whole("hidden_size");
    int heads = json.whole("num_attention_heads");
    if (heads < 1 || (!json.has("head_dim") && dim % heads != 0)) {
      throw json.refused(heads + " heads do not divide hidden_size " + dim);
    }
    int headDim = json.whole("head_dim", dim / heads);
    boolean attentionBias = json.flag("attention_bias", false);
    List<Integer> stops = json.ids("eos_token_id");
    List<Integer> bos = json.ids("bos_token_id");
    return new DecoderConfig(
        dim,
        json.whole("intermediate_size"),
        json.whole("num_hidden_layers"),
        heads,
        json.whole("num_key_value_heads", heads),
        headDim,
        json.whole("vocab_size"),
        json.whole("max_position_embeddings"),
        json.real("rms_norm_eps", 1e-6),
        ropeBase(),
        json.has(LAYOUT) && json.text(LAYOUT).equals(RopeLayout.ADJACENT.label())
            ? RopeLayout.ADJACENT
            : RopeLayout.HALF_SPLIT,
        scaling(headDim / 2),
        window(qwen),
        qwen || attentionBias,
        !qwen && attentionBias,
        json.flag("tie_word_embeddings", false),
        bos.isEmpty() ? -1 : bos.get(0),
        stops,
        activation);
  }

  private Activation activation() {
    String name = json.has(ACTIVATION) ? json.text(ACTIVATION) : SILU;
    return switch (name) {
      case SILU -> Activation.SILU;
      case RELU -> Activation.RELU;
      default ->
          throw json.refused(
              ACTIVATION + " is " + JsonReason.quoted(name) + "; legal: " + SILU + ", " + RELU);
    };
  }

  private double ropeBase() {
    JsonFields from = json.has("rope_theta") ? json : json.object("rope_parameters").orElse(json);
    return from.real("rope_theta", 10_000);
  }

  private Optional<RopeScaling> scaling(int pairs) {
    String key = json.has("rope_scaling") ? "rope_scaling" : "rope_parameters";
    Optional<JsonFields> found = json.object(key);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    JsonFields rope = found.get();
    String kind =
        rope.has("rope_type")
            ? rope.text("rope_type")
            : rope.has("type") ? rope.text("type") : "default";
    return switch (kind) {
      case "default" -> Optional.empty();
      case "llama3" ->
          Optional.of(
              new Llama3Scaling(
                  rope.real("factor"),
                  rope.real("low_freq_factor"),
                  rope.real("high_freq_factor"),
                  rope.whole("original_max_position_embeddings")));
      case "linear" -> Optional.of(FrequencyFactors.linear(rope.real("factor"), pairs));
      case FACTORS -> Optional.of(new FrequencyFactors(rope.reals("factors")));
      default ->
          throw json.refused(
              key + " is of type " + JsonReason.quoted(kind) + "; legal: llama3, linear, default");
    };
  }

  private OptionalInt window(boolean qwen) {
    boolean used = json.has("sliding_window") && (!qwen || json.flag("use_sliding_window", false));
    if (!used) {
      return OptionalInt.empty();
    }
    // Qwen2 slides from a layer on; a window in some layers only is another model.
    if (qwen && json.whole("max_window_layers", 0) > 0) {
      throw json.refused("sliding_window is used in some layers only, which is not supported");
    }
    return OptionalInt.of(json.whole("sliding_window"));
  }

  /** The configuration as {@link #parse} reads it. */
  public static String text(DecoderConfig c) {
    JsonObject json = new JsonObject();
    // Biases of query, key and value alone are what makes a Llama a Qwen2.
    boolean qwen = c.qkvBias() && !c.outputBias();
    json.addProperty(
        "model_type", qwen ? "qwen2" : c.slidingWindow().isPresent() ? "mistral" : "llama");
    json.addProperty("hidden_size", c.dim());
    json.addProperty("intermediate_size", c.hidden());
    json.addProperty("num_hidden_layers", c.layers());
    json.addProperty("num_attention_heads", c.heads());
    json.addProperty("num_key_value_heads", c.kvHeads());
    json.addProperty("head_dim", c.headDim());
    json.addProperty("vocab_size", c.vocab());
    json.addProperty("max_position_embeddings", c.context());
    json.addProperty("rms_norm_eps", c.normEpsilon());
    json.addProperty("rope_theta", c.ropeBase());
    if (c.activation() == Activation.RELU) {
      json.addProperty(ACTIVATION, RELU);
    }
    json.addProperty(LAYOUT, c.ropeLayout().label());
    c.ropeScaling().ifPresent(s -> json.add("rope_scaling", json(s)));
    c.slidingWindow()
        .ifPresent(
            w -> {
              json.addProperty("sliding_window", w);
              json.addProperty("use_sliding_window", true);
              json.addProperty("max_window_layers", 0);
            });
    json.addProperty("attention_bias", c.outputBias());
    json.addProperty("tie_word_embeddings", c.tiedHead());
    if (c.bos() >= 0) {
      json.addProperty("bos_token_id", c.bos());
    }
    JsonArray stops = new JsonArray();
    c.stops().forEach(stops::add);
    json.add("eos_token_id", stops);
    return json + "\n";
  }

  private static JsonObject json(RopeScaling scaling) {
    JsonObject rope = new JsonObject();
    if (scaling instanceof Llama3Scaling s) {
      rope.addProperty("rope_type", "llama3");
      rope.addProperty("factor", s.factor());
      rope.addProperty("low_freq_factor", s.lowFrequencyFactor());
      rope.addProperty("high_freq_factor", s.highFrequencyFactor());
      rope.addProperty("original_max_position_embeddings", s.originalContext());
    } else if (scaling instanceof FrequencyFactors s) {
      rope.addProperty("rope_type", FACTORS);
      JsonArray factors = new JsonArray();
      s.factors().forEach(factors::add);
      rope.add("factors", factors);
    }
    return rope;
  }
}
