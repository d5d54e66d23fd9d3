package dev.filigree.decoder.model;

import dev.filigree.kernel.Activation;
import java.nio.ByteBuffer;

/**
 * A decoder's shape and its tensors, under the names Hugging Face gives them. Tensors are read one
 * at a time, so that a model larger than memory can be packed.
 */
public interface DecoderWeights {
  /** The embedding [vocab][dim]. */
  String EMBEDDING = "model.embed_tokens.weight";

  /** The last RMSNorm [dim]. */
  String FINAL_NORM = "model.norm.weight";

  /** The output head [vocab][dim], where it is not tied. */
  String HEAD = "lm_head.weight";

  /** The RMSNorm before attention [dim]. */
  static String attentionNorm(int layer) {
    return "model.layers." + layer + ".input_layernorm.weight";
  }

  /** The RMSNorm before the feed-forward block [dim]. */
  static String feedForwardNorm(int layer) {
    return "model.layers." + layer + ".post_attention_layernorm.weight";
  }

  /** The shape. */
  DecoderConfig config();

  /**
   * All elements of a tensor of the model, row-major.
   *
   * @return direct, float32 in native order from position 0 to the limit; not to be written to
   */
  ByteBuffer floats(String name);

  /**
   * Writes all elements of a tensor into memory of the caller, who reads one tensor after another
   * into the same memory.
   *
   * @param to direct, in native order, with room for them
   * @param at where they begin, in bytes
   * @return how many bytes they take
   */
  default int read(String name, ByteBuffer to, int at) {
    ByteBuffer all = floats(name);
    to.put(at, all, 0, all.limit());
    return all.limit();
  }

  /**
   * The same tensors under another activation function, with RELU the start of ReLU substitution:
   * another model, worse than this one until it was trained on.
   */
  default DecoderWeights withActivation(Activation f) {
    DecoderWeights same = this;
    DecoderConfig config = config().withActivation(f);
    return new DecoderWeights() {
      @Override
      public DecoderConfig config() {
        return config;
      }

      @Override
      public ByteBuffer floats(String name) {
        return same.floats(name);
      }

      @Override
      public int read(String name, ByteBuffer to, int at) {
        return same.read(name, to, at);
      }
    };
  }
}
