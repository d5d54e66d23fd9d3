package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.kernel.AlignedMemory;
import java.nio.ByteBuffer;

/** Small arithmetic over rows. */
final class Vectors {
  private Vectors() {}

  static ByteBuffer copy(DecoderWeights weights, String name) {
    ByteBuffer from = Tensors.finite(weights, name);
    ByteBuffer out = AlignedMemory.allocate(from.limit());
    out.put(0, from, 0, from.limit());
    return out;
  }

  /** ||W[:,i]||_2 of rows of a matrix [..][cols], summed in double. */
  static double[] columnNorms(ByteBuffer w, int first, int rows, int cols) {
    double[] norms = new double[cols];
    int i = 4 * first * cols;
    for (int r = 0; r < rows; r++) {
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

  /** out += v over n elements. */
  static void add(float[] out, float[] v, int n) {
    for (int i = 0; i < n; i++) {
      out[i] += v[i];
    }
  }
}
