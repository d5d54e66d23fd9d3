package dev.filigree.djl.bind;

import ai.djl.ndarray.types.Shape;
import dev.filigree.mask.Mask;
import java.nio.FloatBuffer;

/**
 * How a weight array is seen as a matrix [rows = outputs][cols = inputs], the view all masks are
 * counted in.
 *
 * <p>Linear and recurrent weights are matrices already. A convolution's [filters, channels,
 * kernel...] becomes [filters][kernel position * channels + channel], so that groups along the
 * columns run over input channels at a fixed kernel position.
 *
 * @param rows outputs
 * @param channels inputs at one kernel position
 * @param positions kernel positions, 1 for matrices
 */
public record WeightLayout(int rows, int channels, int positions) {

  /** The layout of a weight of that shape. */
  public static WeightLayout of(LayerKind kind, Shape shape) {
    int rows = Math.toIntExact(shape.get(0));
    int channels = Math.toIntExact(shape.get(1));
    int positions = 1;
    if (kind == LayerKind.CONVOLUTION) {
      for (int i = 2; i < shape.dimension(); i++) {
        positions = Math.multiplyExact(positions, Math.toIntExact(shape.get(i)));
      }
    }
    return new WeightLayout(rows, channels, positions);
  }

  /** Columns of the matrix. */
  public int cols() {
    return Math.multiplyExact(channels, positions);
  }

  /** The array's values in matrix order; the buffer itself where the orders agree. */
  public FloatBuffer toMatrix(FloatBuffer array) {
    return positions == 1 ? array : transpose(array, channels, positions);
  }

  /** Matrix values in the array's order; the buffer itself where the orders agree. */
  public FloatBuffer toArray(FloatBuffer matrix) {
    return positions == 1 ? matrix : transpose(matrix, positions, channels);
  }

  /** A mask of the matrix in the array's order, [first dimension][all others]. */
  public Mask toArray(Mask matrix) {
    if (positions == 1) {
      return matrix;
    }
    FloatBuffer kept = FloatBuffer.allocate(Math.multiplyExact(rows, cols()));
    matrix.writeTo(kept);
    return Mask.ofNonZeros(toArray(kept.rewind()), rows, cols());
  }

  private FloatBuffer transpose(FloatBuffer from, int outer, int inner) {
    FloatBuffer to = FloatBuffer.allocate(Math.multiplyExact(rows, cols()));
    int base = from.position();
    for (int r = 0; r < rows; r++) {
      int row = r * cols();
      for (int o = 0; o < outer; o++) {
        for (int i = 0; i < inner; i++) {
          to.put(row + i * outer + o, from.get(base + row + o * inner + i));
        }
      }
    }
    return to;
  }
}
