package dev.filigree.decoder.load;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/**
 * A model with weights drawn at random, for measuring speed where no trained one is at hand:
 * matrices are uniform with variance 1 / inputs, norms are 1, biases uniform within 0.1. Each
 * tensor depends on the seed and its name alone.
 *
 * @param config the shape
 * @param seed of the weights
 */
public record RandomModel(DecoderConfig config, long seed) implements DecoderWeights {
  private static final Map<String, DecoderConfig> SHAPES = shapes();

  private static Map<String, DecoderConfig> shapes() {
    Map<String, DecoderConfig> shapes = new LinkedHashMap<>();
    shapes.put("a", shape(1280, 3456, 24, 20, 20, 64, 32_000, 2048, false, false));
    shapes.put("b", shape(896, 4864, 24, 14, 2, 64, 151_936, 32_768, true, true));
    shapes.put("tiny", shape(64, 172, 4, 8, 4, 8, 512, 512, false, true));
    return shapes;
  }

  private static DecoderConfig shape(
      int dim,
      int hidden,
      int layers,
      int heads,
      int kvHeads,
      int headDim,
      int vocab,
      int context,
      boolean biases,
      boolean tied) {
    return new DecoderConfig(
        dim,
        hidden,
        layers,
        heads,
        kvHeads,
        headDim,
        vocab,
        context,
        1e-5,
        10_000,
        RopeLayout.HALF_SPLIT,
        Optional.empty(),
        OptionalInt.empty(),
        biases,
        false,
        tied,
        1,
        List.of());
  }

  /**
   * A model of a named shape: {@code a} has width 1280, feed-forward width 3456, 24 layers and a
   * separate head over 32,000 ids; {@code b} is that of Qwen2.5-0.5B, {@code tiny} that of
   * stories260K with 4 layers.
   *
   * @throws FiligreeException FIL-0708 for another name
   */
  public static RandomModel of(String shape, long seed) {
    DecoderConfig config = SHAPES.get(shape);
    if (config == null) {
      throw new FiligreeException(Message.FIL_0708, shape, String.join(", ", SHAPES.keySet()));
    }
    return new RandomModel(config, seed);
  }

  @Override
  public ByteBuffer floats(String name) {
    long[] shape = shape(name);
    int n = elements(shape);
    ByteBuffer out = AlignedMemory.allocate(4 * n);
    fill(name, shape, out, 0, n);
    return out;
  }

  @Override
  public int read(String name, ByteBuffer to, int at) {
    long[] shape = shape(name);
    int n = elements(shape);
    fill(name, shape, to, at, n);
    return 4 * n;
  }

  private void fill(String name, long[] shape, ByteBuffer out, int at, int n) {
    if (name.endsWith("norm.weight")) {
      for (int i = 0; i < n; i++) {
        out.putFloat(at + 4 * i, 1f);
      }
      return;
    }
    float bound = shape.length == 1 ? 0.1f : (float) Math.sqrt(3.0 / shape[1]);
    SplittableRandom random = new SplittableRandom(seed * 31 + name.hashCode());
    for (int i = 0; i < n; i += 2) {
      // Two numbers of 24 bits from one draw.
      long bits = random.nextLong();
      out.putFloat(at + 4 * i, bound * ((bits >>> 40) * 0x1p-23f - 1));
      if (i + 1 < n) {
        out.putFloat(at + 4 * i + 4, bound * ((bits & 0xffffff) * 0x1p-23f - 1));
      }
    }
  }

  private long[] shape(String name) {
    long[] shape = TensorShapes.of(config).get(name);
    if (shape == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    return shape;
  }

  private static int elements(long[] shape) {
    return Math.toIntExact(shape.length == 1 ? shape[0] : shape[0] * shape[1]);
  }
}
