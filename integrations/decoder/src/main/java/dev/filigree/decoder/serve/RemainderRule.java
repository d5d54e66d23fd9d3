package dev.filigree.decoder.serve;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.InputRule;
import dev.filigree.pack.Remainder;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * R-Sparse of one projection: keeps inputs by their score, sends the others through A at once and
 * remembers the result, until the projection has its outputs and B times that can be added. For one
 * thread.
 */
final class RemainderRule implements InputRule {
  private final Remainder remainder;
  private final float threshold;
  private final int rank;
  private final Remainder.Factors factors;
  private final ByteBuffer others;
  private final ByteBuffer inner;
  private final ByteBuffer added;
  // Of the rows that were chosen for and not yet added to, [rows][rank].
  private final float[] pending;
  private int rows;

  /**
   * @param threshold of |x_i| ||W[:,i]||
   * @param type of the factors
   * @param mostRows that are chosen for before they are added to
   */
  RemainderRule(Remainder remainder, float threshold, ValueType type, int mostRows) {
    this.remainder = remainder;
    this.threshold = threshold;
    rank = remainder.rank();
    factors = rank == 0 ? null : remainder.factors(type);
    others = AlignedMemory.allocate(4 * remainder.inputs());
    inner = AlignedMemory.allocate(4 * rank);
    added = AlignedMemory.allocate(rank == 0 ? 0 : 4 * factors.out().rows());
    pending = new float[mostRows * rank];
  }

  @Override
  public int keep(FloatBuffer x, int offset, int n, int[] active) {
    float[] norms = remainder.norms();
    int count = 0;
    for (int i = 0; i < n; i++) {
      float v = x.get(offset + i);
      boolean skipped = Math.abs(v) * norms[i] <= threshold;
      active[count] = i; // overwritten by the next one unless it counts
      count += skipped ? 0 : 1;
      others.putFloat(4 * i, skipped ? v : 0f);
    }
    if (rank > 0) {
      factors.in().multiply(others, 1, null, inner);
      inner.asFloatBuffer().get(0, pending, rows * rank, rank);
    }
    rows++;
    return count;
  }

  /**
   * Adds the remainder to the outputs of all rows since the last call.
   *
   * @param y float32, one row every {@code width}
   * @param first the first output of the projection in a row
   */
  void add(ByteBuffer y, int first, int width) {
    for (int r = 0; rank > 0 && r < rows; r++) {
      inner.asFloatBuffer().put(0, pending, r * rank, rank);
      factors.out().multiply(inner, 1, null, added);
      int at = 4 * (r * width + first);
      for (int i = 0; i < added.capacity(); i += 4) {
        y.putFloat(at + i, y.getFloat(at + i) + added.getFloat(i));
      }
    }
    rows = 0;
  }
}
