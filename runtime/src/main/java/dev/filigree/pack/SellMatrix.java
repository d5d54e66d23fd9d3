package dev.filigree.pack;

import dev.filigree.kernel.BitmapPacking;
import dev.filigree.kernel.Kernels;
import dev.filigree.kernel.SellArrays;
import dev.filigree.kernel.SellPacking;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Values;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Format {@code sell}: sliced ELLPACK in windows of 32 inputs; the fastest for one activation row
 * where the weights are in the cache, and free of padding for N:M patterns whose M divides 32.
 * Larger than {@code bitmap}, which is the better choice where memory traffic counts.
 *
 * <p>Parts: {@code starts} I32 [strips * windows + 1], {@code inputs} U8 [steps, 16], {@code
 * values} F32, BF16 or I8 [steps, 16], for I8 {@code scales} F32 [rows]; see {@link SellArrays}. A
 * removed weight does not multiply.
 */
public final class SellMatrix extends StoredMatrix<SellArrays> {
  static final String FORMAT = "sell";
  private static final int STRIP = Kernels.STRIP;
  private static final int WINDOW = Kernels.WINDOW;

  private static final Product.Part<SellArrays> ROW =
      (w, p, from, to) ->
          p.kernels.sell().gemv(w, p.inputs, p.finite, p.bias, p.y, p.yAt, from, to);

  private SellMatrix(SellArrays arrays, long kept) {
    super(arrays, arrays.values().type(), arrays.rows(), arrays.cols(), kept);
  }

  static SellMatrix of(ByteBuffer dense, int rows, int cols, ValueType type) {
    SellArrays arrays = SellPacking.pack(dense, rows, cols, type);
    int slots = arrays.inputs().limit();
    long kept = 0;
    for (int i = 0; i < slots; i++) {
      // A stored weight is never zero: zeros are padding.
      kept += arrays.values().isStored(i) ? 1 : 0;
    }
    return new SellMatrix(arrays, kept);
  }

  static SellMatrix fromParts(int rows, int cols, PartReader parts) {
    int windows = SellArrays.windows(cols);
    long blocks = (long) BitmapPacking.strips(rows) * windows;
    ByteBuffer starts = parts.take("starts", "I32", blocks + 1);
    int steps = starts.getInt(4 * (int) blocks);
    parts.check(steps >= 0, "starts", () -> "the last is " + steps);
    ByteBuffer inputs = parts.take("inputs", "U8", steps, STRIP);
    Values values = parts.values(rows, steps, STRIP);
    parts.check(starts.getInt(0) == 0, "starts", () -> "the first is " + starts.getInt(0));
    long kept = 0;
    for (int i = 0; i < blocks; i++) {
      int block = i;
      int start = starts.getInt(4 * i);
      int end = starts.getInt(4 * (i + 1));
      parts.check(
          start <= end && end <= steps && end - start <= WINDOW,
          "starts",
          () -> "block " + block + " runs from " + start + " to " + end);
      for (int lane = 0; lane < STRIP; lane++) {
        boolean outside = i / windows * STRIP + lane >= rows;
        int inWindow = outside ? 0 : Math.min(WINDOW, cols - i % windows * WINDOW);
        kept += checkLane(parts, inputs, values, start, end, lane, inWindow);
      }
    }
    return new SellMatrix(new SellArrays(rows, cols, starts, inputs, values), kept);
  }

  /** Ascending inputs below the limit, then padding; returns how many there are. */
  private static int checkLane(
      PartReader parts, ByteBuffer inputs, Values values, int start, int end, int lane, int limit) {
    int previous = -1;
    int kept = 0;
    boolean padding = false;
    for (int i = start; i < end; i++) {
      int slot = i * STRIP + lane;
      int input = inputs.get(slot) & 0xFF;
      boolean zero = !values.isStored(slot);
      if (zero) {
        parts.check(input == 0, "inputs", () -> "padding " + slot + " names input " + input);
      } else {
        int before = previous;
        boolean late = padding;
        parts.check(
            !late && input > before && input < limit,
            "inputs",
            () -> "entry " + slot + " is input " + input + ", out of order or outside the matrix");
        previous = input;
        kept++;
      }
      padding |= zero;
    }
    return kept;
  }

  @Override
  public String format() {
    return FORMAT;
  }

  @Override
  List<Part> parts(SellArrays arrays) {
    long steps = arrays.inputs().limit() / STRIP;
    return Stream.concat(
            Stream.of(
                part("starts", "I32", view(arrays.starts()), arrays.starts().limit() / 4),
                part("inputs", "U8", view(arrays.inputs()), steps, STRIP)),
            valueParts(arrays.values(), steps, STRIP).stream())
        .toList();
  }

  @Override
  void product(SellArrays arrays, Product p) {
    int padded = Math.multiplyExact(arrays.windows(), WINDOW);
    p.inputs = Scratch.local().inputs(padded);
    Arrays.fill(p.inputs, cols(), padded, 0f);
    for (int b = 0; b < p.batch; b++) {
      Inputs.copy(p.x, b * cols(), cols(), p.inputs);
      p.finite = Inputs.finite(p.inputs, cols());
      p.yAt = b * rows();
      p.split(rows(), STRIP, 8, arrays.inputs().limit(), ROW);
    }
  }

  @Override
  void unpackInto(SellArrays arrays, ByteBuffer dense) {
    Buffers.zero(dense, (long) rows() * cols());
    int windows = arrays.windows();
    int blocks = BitmapPacking.strips(rows()) * windows;
    for (int i = 0; i < blocks; i++) {
      for (int slot = arrays.starts().getInt(4 * i) * STRIP;
          slot < arrays.starts().getInt(4 * (i + 1)) * STRIP;
          slot++) {
        if (arrays.values().isStored(slot)) {
          int r = i / windows * STRIP + slot % STRIP;
          int k = i % windows * WINDOW + (arrays.inputs().get(slot) & 0xFF);
          dense.putFloat(4 * (r * cols() + k), arrays.values().get(slot, r));
        }
      }
    }
  }
}
