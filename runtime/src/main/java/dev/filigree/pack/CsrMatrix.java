package dev.filigree.pack;

import dev.filigree.kernel.CsrArrays;
import dev.filigree.kernel.CsrPacking;
import dev.filigree.kernel.Kernels;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Values;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;

/**
 * Format {@code csr}: compressed sparse rows with 16-bit columns; made for high sparsity and for
 * many activation rows.
 *
 * <p>Parts: {@code pointers} I32 [rows * blocks + 1], {@code columns} U16 [kept], {@code values}
 * F32, BF16 or I8 [kept], for I8 {@code scales} F32 [rows]; see {@link CsrArrays}. A removed weight
 * does not multiply.
 */
public final class CsrMatrix extends StoredMatrix<CsrArrays> {
  static final String FORMAT = "csr";

  private static final Product.Part<CsrArrays> ROW =
      (w, p, from, to) -> p.kernels.csr().gemv(w, p.inputs, p.bias, p.y, p.yAt, from, to);

  private static final Panels.Chunk<CsrArrays> PANEL =
      (kernels, w, panel, lanes, tile, from, to) ->
          kernels.csr().panel(w, panel, lanes, tile, from, to);

  private CsrMatrix(CsrArrays arrays) {
    super(
        arrays,
        arrays.values().type(),
        arrays.rows(),
        arrays.cols(),
        arrays.columns().limit() / 2L);
  }

  static CsrMatrix of(ByteBuffer dense, int rows, int cols, ValueType type) {
    return new CsrMatrix(CsrPacking.pack(dense, rows, cols, type));
  }

  static CsrMatrix fromParts(int rows, int cols, PartReader parts) {
    int blocks = CsrArrays.blocks(cols);
    ByteBuffer pointers = parts.take("pointers", "I32", (long) rows * blocks + 1);
    int last = rows * blocks;
    int kept = pointers.getInt(4 * last);
    parts.check(kept >= 0, "pointers", () -> "the last is " + kept);
    ByteBuffer columns = parts.take("columns", "U16", kept);
    Values values = parts.values(rows, kept);
    parts.check(
        pointers.getInt(0) == 0,
        "pointers",
        () -> "the first is " + pointers.getInt(0) + ", not 0");
    for (int p = 0; p < last; p++) {
      int block = p;
      int start = pointers.getInt(4 * p);
      int end = pointers.getInt(4 * (p + 1));
      parts.check(
          start <= end && end <= kept,
          "pointers",
          () -> "block " + block + " runs from " + start + " to " + end);
      checkColumns(parts, columns, start, end, p % blocks, cols);
    }
    return new CsrMatrix(new CsrArrays(rows, cols, pointers, columns, values));
  }

  private static void checkColumns(
      PartReader parts, ByteBuffer columns, int start, int end, int block, int cols) {
    int base = CsrArrays.base(block);
    int previous = block * Kernels.CSR_BLOCK - 1;
    long limit = Math.min(cols, (block + 1L) * Kernels.CSR_BLOCK);
    for (int i = start; i < end; i++) {
      int at = i;
      int column = base + (columns.getShort(2 * i) & 0xFFFF);
      parts.check(
          column > previous && column < limit,
          "columns",
          () ->
              "entry "
                  + at
                  + " is input "
                  + column
                  + ", which is out of order or not in block "
                  + block);
      previous = column;
    }
  }

  @Override
  public String format() {
    return FORMAT;
  }

  @Override
  List<Part> parts(CsrArrays arrays) {
    return Stream.concat(
            Stream.of(
                part("pointers", "I32", view(arrays.pointers()), arrays.pointers().limit() / 4),
                part("columns", "U16", view(arrays.columns()), nonZeros())),
            valueParts(arrays.values(), nonZeros()).stream())
        .toList();
  }

  @Override
  void product(CsrArrays arrays, Product p) {
    // Below four rows the transposition into a panel costs more than it brings.
    if (p.batch >= 4) {
      Panels.multiply(this, arrays, p, nonZeros(), PANEL);
      return;
    }
    p.inputs = Scratch.local().inputs(cols());
    for (int b = 0; b < p.batch; b++) {
      Inputs.copy(p.x, b * cols(), cols(), p.inputs);
      p.yAt = b * rows();
      p.split(rows(), 4, 8, 4 * nonZeros(), ROW);
    }
  }

  @Override
  void unpackInto(CsrArrays arrays, ByteBuffer dense) {
    Buffers.zero(dense, (long) rows() * cols());
    int blocks = arrays.blocks();
    for (int r = 0; r < rows(); r++) {
      for (int b = 0; b < blocks; b++) {
        int base = CsrArrays.base(b);
        int end = arrays.pointers().getInt(4 * (r * blocks + b + 1));
        for (int i = arrays.pointers().getInt(4 * (r * blocks + b)); i < end; i++) {
          int k = base + (arrays.columns().getShort(2 * i) & 0xFFFF);
          dense.putFloat(4 * (r * cols() + k), arrays.values().get(i, r));
        }
      }
    }
  }
}
