package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import dev.filigree.djl.bind.Binding;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The weight of a Linear at the time something was computed from it, which is of use only while
 * forward passes see the same values. Another array with the same content is the same weight: masks
 * of a straight-through method may have been written into it, or it was read from a file.
 */
final class CalibratedWeights {
  private static final int SAMPLES = 256;

  private final long whole;
  private final long sample;
  private volatile NDArray seen;

  /**
   * @param values of the weight, from index 0 to the limit
   */
  CalibratedWeights(ByteBuffer values) {
    whole = whole(values);
    sample = sample(values);
  }

  /** Why the weight is no longer the same, or null. Cheap unless the array is another. */
  String changed(Binding b) {
    NDArray now = array(b);
    if (now == null || now == seen) {
      return null; // served from a file where there is none
    }
    if (!Arrays32.isUsable(now) || whole(b) != whole) {
      return "the weight was replaced";
    }
    seen = now;
    return null;
  }

  /** The same, and a sample of the values; not of latent ones, which are not what is seen. */
  String changedInSample(Binding b) {
    String why = changed(b);
    NDArray now = array(b);
    return why != null
        ? why
        : now == null || b.latent() != null || sample(Arrays32.buffer(now)) == sample
            ? null
            : "a value was edited in place";
  }

  /** The same, and all values. */
  String changedAnywhere(Binding b) {
    String why = changed(b);
    return why != null
        ? why
        : array(b) == null || whole(b) == whole ? null : "a value was edited in place";
  }

  private static NDArray array(Binding b) {
    Parameter p = b.weights().get(0);
    return p.isInitialized() ? p.getArray() : null;
  }

  private static long whole(Binding b) {
    return ForwardWeights.read(b, weight -> whole(Arrays32.buffer(weight)));
  }

  private static long whole(ByteBuffer values) {
    CRC32C crc = new CRC32C();
    byte[] chunk = new byte[1 << 12];
    int used = 0;
    for (int at = 0; at < values.limit(); at += 4) {
      int bits = bits(values, at);
      for (int shift = 0; shift < 32; shift += 8) {
        chunk[used++] = (byte) (bits >> shift);
      }
      if (used == chunk.length) {
        crc.update(chunk, 0, used);
        used = 0;
      }
    }
    crc.update(chunk, 0, used);
    return crc.getValue();
  }

  private static long sample(ByteBuffer values) {
    int n = values.limit() / 4;
    long hash = n;
    int step = Math.max(1, n / SAMPLES);
    for (int i = 0; i < n; i += step) {
      hash = hash * 1_000_003 + bits(values, 4 * i);
    }
    return hash;
  }

  /** Masking a weight may leave -0, and a packed file has 0 for it. */
  private static int bits(ByteBuffer values, int at) {
    float v = values.getFloat(at);
    return v == 0f ? 0 : Float.floatToRawIntBits(v);
  }
}
