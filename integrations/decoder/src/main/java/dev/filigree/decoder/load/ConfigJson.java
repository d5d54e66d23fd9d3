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
import dev.filigree.kernel.Activation;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.ArrayList;
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

  private final Object where;
  private final JsonObject json;

  private ConfigJson(Object where, JsonObject json) {
    this.where = where;
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
    try {
      return new ConfigJson(where, JsonParser.parseString(text).getAsJsonObject()).read();
    } catch (JsonParseException
        | IllegalStateException
        | NumberFormatException
        | UnsupportedOperationException e) {
      throw new FiligreeException(e, Message.FIL_0701, where, "it is malformed: " + e.getMessage());
    }
  }

  private DecoderConfig read() {
    String type = json.has("model_type") ? json.get("model_type").getAsString() : "missing";
    if (!TYPES.contains(type)) {
      throw refused("model_type is " + type + "; legal: " + String.join(", ", TYPES));
    }
    Activation activation = activation();
    refuseOther("mlp_bias", "false");
    boolean qwen = type.equals("qwen2");
    int dim = number("hidden_size");
    int heads = number("num_attention_heads");
    if (heads < 1 || (!present("head_dim") && dim % heads != 0)) {
      throw refused(heads + " heads do not divide hidden_size " + dim);
    }
    boolean attentionBias = flag("attention_bias", false);
    List<Integer> stops = ids("eos_token_id");
    List<Integer> bos = ids("bos_token_id");
    return new DecoderConfig(
        dim,
        number("intermediate_size"),
        number("num_hidden_layers"),
        heads,
        number("num_key_value_heads", heads),
        number("head_dim", dim / heads),
        number("vocab_size"),
        number("max_position_embeddings"),
        json.has("rms_norm_eps") ? json.get("rms_norm_eps").getAsDouble() : 1e-6,
        ropeBase(),
        json.has(LAYOUT) && json.get(LAYOUT).getAsString().equals(RopeLayout.ADJACENT.label())
            ? RopeLayout.ADJACENT
            : RopeLayout.HALF_SPLIT,
        scaling(number("head_dim", dim / heads) / 2),
        window(qwen),
        qwen || attentionBias,
        !qwen && attentionBias,
        flag("tie_word_embeddings", false),
        bos.isEmpty() ? -1 : bos.get(0),
        stops,
        activation);
  }

  private Activation activation() {
    String name = present(ACTIVATION) ? json.get(ACTIVATION).getAsString() : SILU;
    return switch (name) {
      case SILU -> Activation.SILU;
      case RELU -> Activation.RELU;
      default -> throw refused(ACTIVATION + " is " + name + "; legal: " + SILU + ", " + RELU);
    };
  }

  private double ropeBase() {
    if (present("rope_theta")) {
      return json.get("rope_theta").getAsDouble();
    }
    if (present("rope_parameters")) {
      JsonObject rope = json.getAsJsonObject("rope_parameters");
      if (rope.has("rope_theta")) {
        return rope.get("rope_theta").getAsDouble();
      }
    }
    return 10_000;
  }

  private Optional<RopeScaling> scaling(int pairs) {
    String key = present("rope_scaling") ? "rope_scaling" : "rope_parameters";
    if (!present(key)) {
      return Optional.empty();
    }
    JsonObject rope = json.getAsJsonObject(key);
    String kind = "default";
    for (String name : new String[] {"rope_type", "type"}) {
      if (rope.has(name)) {
        kind = rope.get(name).getAsString();
        break;
      }
    }
    if (kind.equals("default")) {
      return Optional.empty();
    }
    return Optional.of(
        switch (kind) {
          case "llama3" ->
              new Llama3Scaling(
                  real(rope, "factor"),
                  real(rope, "low_freq_factor"),
                  real(rope, "high_freq_factor"),
                  (int) real(rope, "original_max_position_embeddings"));
          case "linear" -> FrequencyFactors.linear(real(rope, "factor"), pairs);
          case FACTORS ->
              new FrequencyFactors(
                  rope.getAsJsonArray("factors").asList().stream()
                      .map(JsonElement::getAsDouble)
                      .toList());
          default ->
              throw refused(key + " is of type " + kind + "; legal: llama3, linear, default");
        });
  }

  private double real(JsonObject rope, String key) {
    if (!rope.has(key)) {
      throw refused("its rope scaling lacks " + key);
    }
    return rope.get(key).getAsDouble();
  }

  private OptionalInt window(boolean qwen) {
    boolean used = present("sliding_window") && (!qwen || flag("use_sliding_window", false));
    if (!used) {
      return OptionalInt.empty();
    }
    // Qwen2 slides from a layer on; a window in some layers only is another model.
    if (qwen && number("max_window_layers", 0) > 0) {
      throw refused("sliding_window is used in some layers only, which is not supported");
    }
    return OptionalInt.of(number("sliding_window"));
  }

  private void refuseOther(String key, String legal) {
    if (present(key) && !json.get(key).getAsString().equals(legal)) {
      throw refused(key + " is " + json.get(key).getAsString() + "; legal: " + legal);
    }
  }

  private boolean present(String key) {
    return json.has(key) && !json.get(key).isJsonNull();
  }

  private int number(String key) {
    if (!present(key)) {
      throw refused(key + " is missing");
    }
    return json.get(key).getAsBigDecimal().intValueExact();
  }

  private int number(String key, int fallback) {
    return present(key) ? number(key) : fallback;
  }

  private boolean flag(String key, boolean fallback) {
    return present(key) ? json.get(key).getAsBoolean() : fallback;
  }

  private List<Integer> ids(String key) {
    List<Integer> out = new ArrayList<>();
    if (present(key)) {
      JsonElement value = json.get(key);
      if (value.isJsonArray()) {
        value.getAsJsonArray().forEach(id -> out.add(id.getAsInt()));
      } else {
        out.add(value.getAsInt());
      }
    }
    return out;
  }

  private FiligreeException refused(String reason) {
    return new FiligreeException(Message.FIL_0701, where, reason);
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
