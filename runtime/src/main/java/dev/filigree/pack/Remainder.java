package dev.filigree.pack;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Map;

/**
 * What R-Sparse (Zhang et al. 2025) knows of a layer y = W x beside its weights: how inputs are
 * weighed, and factors of the best approximation W_r of rank r. With m the inputs whose |x_i|
 * ||W[:,i]|| is above the threshold, y = W (x * m) + W_r (x * (1 - m)), W_r = B A.
 *
 * <p>Safe for any number of threads.
 */
public final class Remainder {
  private final float[] norms;
  private final int kept;
  private final int rank;
  private final float[] in;
  private final float[] out;
  private final Map<ValueType, Factors> packed = new EnumMap<>(ValueType.class);

  /**
   * @param norms ||W[:,i]||_2 by input
   * @param kept inputs that are to be kept, of a token
   * @param rank r, 0 or more; with 0 the other inputs are skipped
   * @param in A, [rank][inputs]
   * @param out B, [outputs][rank]
   */
  public Remainder(float[] norms, int kept, int rank, float[] in, float[] out) {
    if (in.length != rank * norms.length || (rank > 0 && out.length % rank != 0)) {
      throw new IllegalArgumentException("factors of another shape");
    }
    this.norms = norms;
    this.kept = kept;
    this.rank = rank;
    this.in = in;
    this.out = out;
  }

  /** Whether |v| ||W[:,i]|| is at most the threshold; a NaN is kept. */
  public boolean skips(int i, float v, float threshold) {
    return Math.abs(v) * norms[i] <= threshold;
  }

  /** How many inputs there are. */
  public int inputs() {
    return norms.length;
  }

  /** How many of them are to be kept. */
  public int kept() {
    return kept;
  }

  /** The rank of the factors. */
  public int rank() {
    return rank;
  }

  /** ||W[:,i]||_2 by input; not to be changed. */
  public float[] norms() {
    return norms;
  }

  /** A, [rank][inputs]; not to be changed. */
  public float[] in() {
    return in;
  }

  /** B, [outputs][rank]; not to be changed. */
  public float[] out() {
    return out;
  }

  /**
   * The factors as they are served.
   *
   * @param in A
   * @param out B
   */
  public record Factors(PackedMatrix in, PackedMatrix out) {
    /** Bytes of both. */
    public long bytes() {
      return in.bytes() + out.bytes();
    }
  }

  /** The factors in a type, packed once; only for a rank above 0. */
  public synchronized Factors factors(ValueType type) {
    return packed.computeIfAbsent(
        type,
        t -> new Factors(pack(t, in, rank, norms.length), pack(t, out, out.length / rank, rank)));
  }

  /** Bytes of the factors in a type. */
  public long bytes(ValueType type) {
    return rank == 0 ? 0 : factors(type).bytes();
  }

  private static PackedMatrix pack(ValueType type, float[] values, int rows, int cols) {
    ByteBuffer dense = AlignedMemory.allocate(4 * values.length);
    dense.asFloatBuffer().put(values);
    return PackedMatrices.of("dense", type, dense, rows, cols);
  }
}
