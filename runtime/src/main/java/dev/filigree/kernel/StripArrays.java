package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * The arrays of a matrix in a strip format: blocks of R consecutive outputs by C consecutive
 * inputs, of which those with a weight are stored. Blocks start at output 0, input 0. A band, R
 * outputs, is cut into spans of {@link Kernels#STRIP_SPAN} inputs so that many-row products can
 * stay in one span of the activations.
 *
 * @param shape R and C
 * @param rows outputs
 * @param cols inputs
 * @param pointers I32 [bands * spans + 1]; the blocks of band b in span s have the indices
 *     pointers[b * spans + s] to pointers[b * spans + s + 1], exclusive
 * @param positions U16 [blocks]; the first input of the block modulo 65536, ascending within a span
 * @param values [blocks][R][C]; +0.0 beyond the edge of the matrix; integers have one scale per
 *     output
 */
public record StripArrays(
    StripShape shape,
    int rows,
    int cols,
    ByteBuffer pointers,
    ByteBuffer positions,
    Values values) {

  /** Spans whose positions have the same base; they lie behind each other. */
  static final int SPANS_PER_BASE = 65536 / Kernels.STRIP_SPAN;

  /** Blocks from the first output to the last. */
  public int bands() {
    return bands(shape, rows);
  }

  /** Bands of a matrix with that many outputs. */
  public static int bands(StripShape shape, int rows) {
    return (int) (((long) rows + shape.outputs() - 1) / shape.outputs());
  }

  /** Spans of every band. */
  public int spans() {
    return spans(cols);
  }

  /** Spans of every band of a matrix with that many inputs. */
  public static int spans(int cols) {
    return (int) (((long) cols + Kernels.STRIP_SPAN - 1) / Kernels.STRIP_SPAN);
  }

  /** What to add to a stored position in that span to get the first input. */
  public static int base(int span) {
    return (int) ((long) span * Kernels.STRIP_SPAN) & ~0xFFFF;
  }

  /** The first input of a block in that span. */
  public int input(int block, int span) {
    return base(span) + (positions.getShort(2 * block) & 0xFFFF);
  }

  /** The first block of that span of the band, or where the one before ends. */
  int start(int band, int span) {
    return pointers.getInt(4 * (band * spans() + span));
  }
}
