package dev.filigree.decoder.load;

import dev.filigree.decoder.gguf.GgufFile;
import dev.filigree.decoder.gguf.GgufMetadata;
import dev.filigree.decoder.gguf.GgufTensor;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.FrequencyFactors;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.decoder.model.RopeScaling;
import dev.filigree.decoder.text.GgufVocabulary;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The shape of a decoder from the metadata and the tensors of a GGUF file. */
final class GgufConfig {
  private static final String LLAMA = "llama";
  private static final String QWEN2 = "qwen2";

  private final GgufFile file;
  private final GgufMetadata meta;
  private final String architecture;

  private GgufConfig(GgufFile file) {
    this.file = file;
    this.meta = file.metadata();
    this.architecture = meta.text("general.architecture").orElse("missing");
  }

  /**
   * The shape.
   *
   * @throws FiligreeException FIL-0822 where the decoder is none of this kind, FIL-0702 for a shape
   *     that is none
   */
  static DecoderConfig of(GgufFile file) {
    return new GgufConfig(file).read();
  }

  private DecoderConfig read() {
    boolean qwen = architecture.equals(QWEN2);
    if (!qwen && !architecture.equals(LLAMA)) {
      throw refused("general.architecture is " + architecture);
    }
    int parts = meta.count("split.count").orElse(1);
    if (parts > 1) {
      throw refused("it is one of " + parts + " parts; merge them into one file");
    }
    refuseAbove("expert_count", 0);
    int dim = required("embedding_length");
    int heads = required("attention.head_count");
    if (heads < 1) {
      throw refused(key("attention.head_count") + " is " + heads);
    }
    int headDim = count("attention.key_length").orElse(dim / heads);
    same("attention.value_length", headDim);
    same("rope.dimension_count", headDim);
    GgufVocabulary.Ends ends = GgufVocabulary.ends(meta);
    return new DecoderConfig(
        dim,
        required("feed_forward_length"),
        required("block_count"),
        heads,
        count("attention.head_count_kv").orElse(heads),
        headDim,
        count("vocab_size").or(this::embeddingRows).orElse(0),
        required("context_length"),
        meta.real(key("attention.layer_norm_rms_epsilon"))
            .orElseThrow(() -> missing("attention.layer_norm_rms_epsilon")),
        meta.real(key("rope.freq_base")).orElse(10_000.0),
        // Rows of query and key of Llama files lie as the original Llama had them.
        qwen ? RopeLayout.HALF_SPLIT : RopeLayout.ADJACENT,
        scaling(headDim),
        window(),
        file.tensor(GgufNames.bias("attn_q", 0)).isPresent(),
        file.tensor(GgufNames.bias("attn_output", 0)).isPresent(),
        file.tensor(GgufNames.HEAD).isEmpty(),
        ends.bos(),
        ends.stops());
  }

  private Optional<Integer> embeddingRows() {
    return file.tensor(GgufNames.EMBEDDING)
        .filter(t -> t.shape().length == 2)
        .map(t -> (int) t.shape()[0]);
  }

  private Optional<RopeScaling> scaling(int headDim) {
    int pairs = headDim / 2;
    String type = meta.text(key("rope.scaling.type")).orElse("linear");
    if (!type.equals("linear") && !type.equals("none")) {
      throw refused(key("rope.scaling.type") + " is " + type + "; legal: linear, none");
    }
    double linear =
        meta.real(key("rope.scaling.factor"))
            .or(() -> meta.real(key("rope.scale_linear")))
            .filter(factor -> factor != 0 && !type.equals("none"))
            .orElse(1.0);
    Optional<GgufTensor> factors = file.tensor(GgufNames.ROPE_FACTORS);
    if (factors.isPresent()) {
      List<Double> each = factors(factors.get(), pairs);
      return Optional.of(new FrequencyFactors(each.stream().map(f -> f * linear).toList()));
    }
    return linear == 1 ? Optional.empty() : Optional.of(FrequencyFactors.linear(linear, pairs));
  }

  private List<Double> factors(GgufTensor tensor, int pairs) {
    if (tensor.elements() != pairs) {
      throw refused(
          "tensor %s has %d elements, but a head has %d pairs of components"
              .formatted(tensor.name(), tensor.elements(), pairs));
    }
    ByteBuffer values = AlignedMemory.allocate(4 * pairs);
    GgufModel.read(file, tensor, values, /* at= */ 0);
    List<Double> out = new ArrayList<>();
    for (int i = 0; i < pairs; i++) {
      out.add((double) values.getFloat(4 * i));
    }
    return out;
  }

  private OptionalInt window() {
    int window = count("attention.sliding_window").orElse(0);
    refuseAbove("attention.sliding_window_pattern", 1);
    return window == 0 ? OptionalInt.empty() : OptionalInt.of(window);
  }

  private void same(String name, int expected) {
    int found = count(name).orElse(expected);
    if (found != expected) {
      throw refused("%s is %d, but a head has %d components".formatted(key(name), found, expected));
    }
  }

  private void refuseAbove(String name, int most) {
    int found = count(name).orElse(most);
    if (found > most) {
      throw refused(key(name) + " is " + found + ", which is another kind of model");
    }
  }

  private int required(String name) {
    return count(name).orElseThrow(() -> missing(name));
  }

  private Optional<Integer> count(String name) {
    return meta.count(key(name));
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  private FiligreeException missing(String name) {
    return refused(key(name) + " is missing");
  }

  private FiligreeException refused(String reason) {
    return new FiligreeException(Message.FIL_0822, file.path(), reason);
  }
}
