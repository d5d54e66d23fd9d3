package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import jdk.incubator.vector.FloatVector;

/**
 * Blocks of weights as floats, for products with many activation rows, where each weight is used
 * often enough to be worth converting first. One block per thread.
 */
final class VectorUnpacked {

  /** Outputs of a block. */
  static final int OUTPUTS = 64;

  private static final ThreadLocal<VectorUnpacked> LOCAL =
      ThreadLocal.withInitial(VectorUnpacked::new);

  private final ByteBuffer memory = AlignedMemory.allocate(4 * OUTPUTS * VectorDensePanel.BLOCK);
  private final MemorySegment segment = MemorySegment.ofBuffer(memory);

  /** Read-only as the stored weights are, so that products see one type of buffer. */
  private final FloatBuffer floats = memory.asReadOnlyBuffer().order(ORDER).asFloatBuffer();

  private final float[] sums = new float[64];
  private final float[] outputs = new float[4];
  private final int[] rows = new int[4];
  private MemorySegment inputs = MemorySegment.ofBuffer(AlignedMemory.unowned(0));

  private VectorUnpacked() {}

  /** That of this thread. */
  static VectorUnpacked local() {
    return LOCAL.get();
  }

  /** Four of the widest vectors of this thread; content undefined. */
  float[] sums() {
    return sums;
  }

  /** Four numbers of this thread; content undefined. */
  float[] outputs() {
    return outputs;
  }

  /** Four rows that this thread reads at a time. */
  int[] rows() {
    return rows;
  }

  /** At least that many floats; content undefined. */
  MemorySegment inputs(int count) {
    if (inputs.byteSize() < 4L * count) {
      inputs = MemorySegment.ofBuffer(AlignedMemory.unowned(Math.multiplyExact(4, count)));
    }
    return inputs;
  }

  /** The block, for working memory of any kind. */
  MemorySegment segment() {
    return segment;
  }

  /** The block to be read one by one. */
  FloatBuffer floats() {
    return floats;
  }

  /**
   * Converts weights in stored order, without their scales, to the start of the block.
   *
   * @param count at most {@link #OUTPUTS} times {@link VectorDensePanel#BLOCK}
   */
  MemorySegment run(Values values, MemorySegment data, int from, int count) {
    unpack(values, data, from, count, 1f, segment, 0);
    return segment;
  }

  /** Weights [r1 - r0][{@link VectorDensePanel#BLOCK}], of which k1 - k0 are used. */
  static FloatBuffer rows(DenseArrays w, int r0, int r1, int k0, int k1) {
    VectorUnpacked local = LOCAL.get();
    MemorySegment data = Views.segment(w.values().data());
    for (int r = r0; r < r1; r++) {
      float scale = scale(w.values(), r);
      int to = (r - r0) * VectorDensePanel.BLOCK;
      unpack(w.values(), data, r * w.cols() + k0, k1 - k0, scale, local.segment, to);
    }
    return local.floats;
  }

  /** Weights [k1 - k0][{@link #OUTPUTS}] of the outputs r0 to r1, +0.0 beyond. */
  static MemorySegment columns(ColumnsArrays w, int r0, int r1, int k0, int k1) {
    VectorUnpacked local = LOCAL.get();
    MemorySegment data = Views.segment(w.values().data());
    int count = r1 - r0;
    for (int k = k0; k < k1; k++) {
      float scale = scale(w.values(), k);
      int to = (k - k0) * OUTPUTS;
      unpack(w.values(), data, k * w.rows() + r0, count, scale, local.segment, to);
      if (count < OUTPUTS) {
        VectorLoads.zero(local.segment, 4L * (to + count), OUTPUTS - count);
      }
    }
    return local.segment;
  }

  private static float scale(Values values, int group) {
    return values.scales() == null ? 1f : values.scales().getFloat(4 * group);
  }

  private static void unpack(
      Values values,
      MemorySegment data,
      int index,
      int count,
      float scale,
      MemorySegment to,
      int toIndex) {
    switch (values.type()) {
      case F32 -> MemorySegment.copy(data, 4L * index, to, 4L * toIndex, 4L * count);
      case BF16 -> bf16(values.data(), data, index, count, to, toIndex);
      case INT8 -> int8(values.data(), data, index, count, scale, to, toIndex);
    }
  }

  private static void bf16(
      ByteBuffer scalars, MemorySegment data, int index, int count, MemorySegment to, int toIndex) {
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      VectorLoads.bf16(data, 2L * (index + i)).intoMemorySegment(to, 4L * (toIndex + i), ORDER);
    }
    for (; i < count; i++) {
      float value = Bf16.toFloat(scalars.getShort(2 * (index + i)));
      to.set(java.lang.foreign.ValueLayout.JAVA_FLOAT, 4L * (toIndex + i), value);
    }
  }

  private static void int8(
      ByteBuffer scalars,
      MemorySegment data,
      int index,
      int count,
      float scale,
      MemorySegment to,
      int toIndex) {
    FloatVector s = FloatVector.broadcast(VectorConstants.F, scale);
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      VectorLoads.int8(data, index + i).mul(s).intoMemorySegment(to, 4L * (toIndex + i), ORDER);
    }
    for (; i < count; i++) {
      float value = scalars.get(index + i) * scale;
      to.set(java.lang.foreign.ValueLayout.JAVA_FLOAT, 4L * (toIndex + i), value);
    }
  }
}
