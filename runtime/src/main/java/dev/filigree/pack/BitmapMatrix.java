package dev.filigree.pack;

import dev.filigree.kernel.BitmapArrays;
import dev.filigree.kernel.BitmapPacking;
import dev.filigree.kernel.Kernels;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Values;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;

/**
 * Format {@code bitmap}: one bit per weight and the kept weights, in strips of 16 outputs; made for
 * one or few activation rows, unstructured and N:M patterns alike. The layout is the one SparAMX
 * uses for its AVX-512 kernel (16 outputs by one input).
 *
 * <p>Parts: {@code masks} U16 [strips, cols], {@code starts} I32 [strips + 1], {@code values} F32,
 * BF16 or I8 [kept + 16], for I8 {@code scales} F32 [rows]; see {@link BitmapArrays}. A removed
 * weight does not multiply.
 */
public final class BitmapMatrix extends StoredMatrix<BitmapArrays> {
  static final String FORMAT = "bitmap";
  private static final int STRIP = Kernels.STRIP;

  private static final Product.Part<BitmapArrays> ROW =
      (w, p, from, to) ->
          p.kernels.bitmap().gemv(w, p.inputs, p.finite, p.bias, p.y, p.yAt, from, to);

  private static final Product.Part<BitmapArrays> FOUR_ROWS =
      (w, p, from, to) ->
          p.kernels.bitmap().gemm4(w, p.inputs, p.finite, p.bias, p.y, p.yAt, from, to);

  private BitmapMatrix(BitmapArrays arrays) {
    super(arrays, arrays.values().type(), arrays.rows(), arrays.cols(), kept(arrays));
  }

  private static int kept(BitmapArrays arrays) {
    return arrays.starts().getInt(4 * BitmapPacking.strips(arrays.rows()));
  }

  static BitmapMatrix of(ByteBuffer dense, int rows, int cols, ValueType type) {
    return new BitmapMatrix(BitmapPacking.pack(dense, rows, cols, type));
  }

  static BitmapMatrix fromParts(int rows, int cols, PartReader parts) {
    int strips = BitmapPacking.strips(rows);
    ByteBuffer masks = parts.take("masks", "U16", strips, cols);
    ByteBuffer starts = parts.take("starts", "I32", strips + 1L);
    int unused = rows % STRIP == 0 ? 0 : -1 << (rows % STRIP) & 0xFFFF;
    int kept = 0;
    for (int s = 0; s < strips; s++) {
      int strip = s;
      int count = kept;
      parts.check(
          starts.getInt(4 * s) == kept,
          "starts",
          () -> strip + " is " + starts.getInt(4 * strip) + " where the masks count " + count);
      for (int k = 0; k < cols; k++) {
        int mask = masks.getShort(2 * (s * cols + k)) & 0xFFFF;
        parts.check(
            s < strips - 1 || (mask & unused) == 0,
            "masks",
            () -> "a bit is set beyond output " + (rows - 1));
        kept += Integer.bitCount(mask);
        parts.check(
            kept >= 0 && kept <= Integer.MAX_VALUE / 4 - STRIP,
            "masks",
            () -> "more weights are kept than fit in 2 GiB");
      }
    }
    int total = kept;
    parts.check(
        starts.getInt(4 * strips) == kept,
        "starts",
        () -> "the last is " + starts.getInt(4 * strips) + " where the masks count " + total);
    Values values = parts.values(rows, kept + (long) STRIP);
    int bytes = values.type().bytes();
    for (int i = kept * bytes; i < (kept + STRIP) * bytes; i++) {
      parts.check(
          values.data().get(i) == 0, "values", () -> "the 16 values at the end are not zero");
    }
    return new BitmapMatrix(new BitmapArrays(rows, cols, masks, starts, values));
  }

  @Override
  public String format() {
    return FORMAT;
  }

  @Override
  List<Part> parts(BitmapArrays arrays) {
    int strips = BitmapPacking.strips(rows());
    return Stream.concat(
            Stream.of(
                part("masks", "U16", view(arrays.masks()), strips, cols()),
                part("starts", "I32", view(arrays.starts()), strips + 1L)),
            valueParts(arrays.values(), nonZeros() + STRIP).stream())
        .toList();
  }

  @Override
  void product(BitmapArrays arrays, Product p) {
    int b = 0;
    for (; b + 4 <= p.batch; b += 4) {
      inputs(p, b, 4);
      p.split(rows(), STRIP, 8, 4 * work(), FOUR_ROWS);
    }
    for (; b < p.batch; b++) {
      inputs(p, b, 1);
      p.split(rows(), STRIP, 8, work(), ROW);
    }
  }

  private void inputs(Product p, int b, int count) {
    int floats = Math.multiplyExact(count, cols());
    p.inputs = Scratch.local().inputs(floats);
    Inputs.copy(p.x, b * cols(), floats, p.inputs);
    p.finite = Inputs.finite(p.inputs, floats);
    p.yAt = b * rows();
  }

  /** A step over a mask costs about as much as a few multiply-adds, however many bits it has. */
  private long work() {
    return Math.max(nonZeros(), (long) rows() * cols() / 2);
  }

  @Override
  void unpackInto(BitmapArrays arrays, ByteBuffer dense) {
    int next = 0;
    for (int s = 0; s < BitmapPacking.strips(rows()); s++) {
      for (int k = 0; k < cols(); k++) {
        int mask = arrays.masks().getShort(2 * (s * cols() + k)) & 0xFFFF;
        for (int i = 0; i < STRIP && s * STRIP + i < rows(); i++) {
          int r = s * STRIP + i;
          boolean kept = (mask >>> i & 1) != 0;
          dense.putFloat(4 * (r * cols() + k), kept ? arrays.values().get(next++, r) : 0f);
        }
      }
    }
  }
}
