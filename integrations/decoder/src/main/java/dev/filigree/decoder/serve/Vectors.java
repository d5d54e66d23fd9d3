package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.OwnedMemory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.function.Supplier;

/** Small arithmetic over rows, and reading of tensors. */
final class Vectors {
  private Vectors() {}

  /** A tensor whose elements are finite. */
  static ByteBuffer finite(DecoderWeights weights, String name) {
    ByteBuffer values = weights.floats(name);
    for (int i = 0; i < values.limit(); i += 4) {
      float v = values.getFloat(i);
      if (!Float.isFinite(v)) {
        throw new FiligreeException(Message.FIL_0712, name, v, i / 4);
      }
    }
    return values;
  }

  static float[] read(DecoderWeights weights, String name) {
    float[] out = new float[weights.floats(name).limit() / 4];
    finite(weights, name).asFloatBuffer().get(out);
    return out;
  }

  static ByteBuffer copy(DecoderWeights weights, String name) {
    ByteBuffer from = finite(weights, name);
    ByteBuffer out = AlignedMemory.allocate(from.limit());
    out.put(0, from, 0, from.limit());
    return out;
  }

  /**
   * Packs from dense weights and frees what was allocated for them, which can be as large as the
   * result. Packed matrices own their memory themselves.
   */
  static <T> T borrowing(Supplier<T> packing) {
    OwnedMemory[] borrowed = new OwnedMemory[1];
    try {
      return OwnedMemory.collect(
          () -> {
            borrowed[0] = OwnedMemory.current();
            return packing.get();
          });
    } finally {
      if (borrowed[0] != null) {
        borrowed[0].free();
      }
    }
  }

  /** ||W[:,i]||_2 of a matrix [rows][cols], summed in double. */
  static double[] columnNorms(ByteBuffer w, int rows, int cols) {
    double[] norms = new double[cols];
    for (int r = 0, i = 0; r < rows; r++) {
      for (int c = 0; c < cols; c++, i += 4) {
        double v = w.getFloat(i);
        norms[c] += v * v;
      }
    }
    for (int c = 0; c < cols; c++) {
      norms[c] = Math.sqrt(norms[c]);
    }
    return norms;
  }

  /** RMSNorm (Zhang, Sennrich 2019) of one row: x / sqrt(mean(x^2) + epsilon) * gain. */
  static void rmsNorm(float[] x, int at, float[] gain, double epsilon, float[] out, int outAt) {
    double sum = 0;
    for (int i = 0; i < gain.length; i++) {
      sum += (double) x[at + i] * x[at + i];
    }
    float scale = (float) (1 / Math.sqrt(sum / gain.length + epsilon));
    for (int i = 0; i < gain.length; i++) {
      out[outAt + i] = x[at + i] * scale * gain[i];
    }
  }

  /** out += scale * v over n elements. */
  static void addScaled(float[] out, int outAt, float[] v, int at, int n, float scale) {
    for (int i = 0; i < n; i++) {
      out[outAt + i] += scale * v[at + i];
    }
  }

  /** out += v over n elements. */
  static void add(float[] out, float[] v, int n) {
    for (int i = 0; i < n; i++) {
      out[i] += v[i];
    }
  }
}
