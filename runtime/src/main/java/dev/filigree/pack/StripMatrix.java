package dev.filigree.pack;

import dev.filigree.kernel.Kernels;
import dev.filigree.kernel.StripArrays;
import dev.filigree.kernel.StripPacking;
import dev.filigree.kernel.StripShape;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Values;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Formats {@code strip4x1}, {@code strip16x1} and {@code strip1x16}: compressed sparse blocks of
 * consecutive outputs of one input, or of consecutive inputs of one output; made for block
 * patterns. A block is stored where one of its weights is kept, so weights without such a pattern
 * take more room than dense.
 *
 * <p>Parts: {@code pointers} I32 [bands * spans + 1], {@code positions} U16 [blocks], {@code
 * values} F32, BF16 or I8 [blocks, outputs, inputs], for I8 {@code scales} F32 [rows]; see {@link
 * StripArrays}. A removed block does not multiply; a stored one does with all its weights, zeros
 * included.
 */
public final class StripMatrix extends StoredMatrix<StripArrays> {

  private static final Product.Part<StripArrays> ROW =
      (w, p, from, to) -> p.kernels.strips().gemv(w, p.inputs, p.bias, p.y, p.yAt, from, to);

  private static final Panels.Chunk<StripArrays> PANEL =
      (kernels, w, panel, lanes, tile, from, to) ->
          kernels.strips().panel(w, panel, lanes, tile, from, to);

  private final StripShape shape;

  private StripMatrix(StripArrays arrays) {
    super(arrays, arrays.values().type(), arrays.rows(), arrays.cols(), kept(arrays));
    this.shape = arrays.shape();
  }

  /** The shape whose format has that name, if one has. */
  static Optional<StripShape> shape(String format) {
    return Arrays.stream(StripShape.values()).filter(s -> s.label().equals(format)).findFirst();
  }

  static StripMatrix of(StripShape shape, ByteBuffer dense, int rows, int cols, ValueType type) {
    return new StripMatrix(StripPacking.pack(shape, dense, rows, cols, type));
  }

  static StripMatrix fromParts(StripShape shape, int rows, int cols, PartReader parts) {
    int spans = StripArrays.spans(cols);
    int pieces = Math.multiplyExact(StripArrays.bands(shape, rows), spans);
    ByteBuffer pointers = parts.take("pointers", "I32", pieces + 1L);
    int blocks = pointers.getInt(4 * pieces);
    parts.check(blocks >= 0, "pointers", () -> "the last is " + blocks);
    ByteBuffer positions = parts.take("positions", "U16", blocks);
    Values values = parts.values(rows, blocks, shape.outputs(), shape.inputs());
    StripArrays arrays = new StripArrays(shape, rows, cols, pointers, positions, values);
    parts.check(
        pointers.getInt(0) == 0,
        "pointers",
        () -> "the first is " + pointers.getInt(0) + ", not 0");
    for (int p = 0; p < pieces; p++) {
      int piece = p;
      int start = pointers.getInt(4 * p);
      int end = pointers.getInt(4 * (p + 1));
      parts.check(
          start <= end && end <= blocks,
          "pointers",
          () -> "span " + piece + " runs from " + start + " to " + end);
      checkBlocks(parts, arrays, piece, start, end);
    }
    return new StripMatrix(arrays);
  }

  private static void checkBlocks(
      PartReader parts, StripArrays arrays, int piece, int start, int end) {
    StripShape shape = arrays.shape();
    int span = piece % arrays.spans();
    int previous = span * Kernels.STRIP_SPAN - 1;
    long limit = Math.min(arrays.cols(), (span + 1L) * Kernels.STRIP_SPAN);
    int outputs = outputs(arrays, piece / arrays.spans());
    for (int i = start; i < end; i++) {
      int at = i;
      int k = arrays.input(i, span);
      parts.check(
          k > previous && k < limit && k % shape.inputs() == 0,
          "positions",
          () ->
              "block "
                  + at
                  + " starts at input "
                  + k
                  + ", which is out of order, inside a block or not in span "
                  + span);
      previous = k;
      int inputs = inputs(arrays, k);
      for (int v = 0; v < shape.size(); v++) {
        parts.check(
            (v / shape.inputs() < outputs && v % shape.inputs() < inputs)
                || !arrays.values().isStored(i * shape.size() + v),
            "values",
            () -> "block " + at + " has a weight beyond the edge of the matrix");
      }
    }
  }

  /** Outputs that the blocks of that band have inside the matrix. */
  private static int outputs(StripArrays arrays, int band) {
    int outputs = arrays.shape().outputs();
    return Math.min(outputs, arrays.rows() - band * outputs);
  }

  /** Inputs that a block starting at input k has inside the matrix. */
  private static int inputs(StripArrays arrays, int k) {
    return Math.min(arrays.shape().inputs(), arrays.cols() - k);
  }

  /** What is done with every stored block. */
  @FunctionalInterface
  private interface Blocks {
    void block(int index, int output, int input);
  }

  private static void each(StripArrays arrays, Blocks blocks) {
    int spans = arrays.spans();
    int pieces = arrays.bands() * spans;
    for (int p = 0; p < pieces; p++) {
      int end = arrays.pointers().getInt(4 * (p + 1));
      for (int i = arrays.pointers().getInt(4 * p); i < end; i++) {
        blocks.block(i, p / spans * arrays.shape().outputs(), arrays.input(i, p % spans));
      }
    }
  }

  private static long kept(StripArrays arrays) {
    long[] kept = {0};
    int outputs = arrays.shape().outputs();
    each(arrays, (i, r, k) -> kept[0] += (long) outputs(arrays, r / outputs) * inputs(arrays, k));
    return kept[0];
  }

  @Override
  public String format() {
    return shape.label();
  }

  @Override
  List<Part> parts(StripArrays arrays) {
    long blocks = arrays.positions().limit() / 2;
    return Stream.concat(
            Stream.of(
                part("pointers", "I32", view(arrays.pointers()), arrays.pointers().limit() / 4),
                part("positions", "U16", view(arrays.positions()), blocks)),
            valueParts(arrays.values(), blocks, shape.outputs(), shape.inputs()).stream())
        .toList();
  }

  @Override
  void product(StripArrays arrays, Product p) {
    // Below four rows the transposition into a panel costs more than it brings.
    if (p.batch >= 4) {
      Panels.multiply(this, arrays, p, nonZeros(), PANEL);
      return;
    }
    int padded = Math.addExact(cols(), shape.inputs() - 1);
    p.inputs = Scratch.local().inputs(padded);
    Arrays.fill(p.inputs, cols(), padded, 0f);
    for (int b = 0; b < p.batch; b++) {
      Inputs.copy(p.x, b * cols(), cols(), p.inputs);
      p.yAt = b * rows();
      p.split(rows(), Kernels.STRIP, 8, nonZeros(), ROW);
    }
  }

  @Override
  void unpackInto(StripArrays arrays, ByteBuffer dense) {
    Buffers.zero(dense, (long) rows() * cols());
    each(
        arrays,
        (i, r0, k0) -> {
          for (int v = 0; v < shape.size(); v++) {
            int r = r0 + v / shape.inputs();
            int k = k0 + v % shape.inputs();
            if (r < rows() && k < cols()) {
              dense.putInt(4 * (r * cols() + k), arrays.values().bits(i * shape.size() + v, r));
            }
          }
        });
  }
}
