package dev.filigree.mask;

import dev.filigree.kernel.Workers;
import dev.filigree.plan.Pattern;

/**
 * What is removed as a whole, scored: blocks of {@code height} x {@code width} weights that start
 * at row 0, column 0, smaller at the edges; a single weight is a block of 1 x 1.
 *
 * @param scores row-major over the blocks
 * @param perLine blocks beside each other
 */
@SuppressWarnings("ArrayRecordComponent") // large and never compared
record Units(int rows, int cols, int height, int width, int perLine, double[] scores) {

  /** How many a matrix has. */
  static long count(Pattern pattern, int rows, int cols) {
    if (rows == 0 || cols == 0) {
      return 0;
    }
    if (pattern instanceof Pattern.Block b) {
      return (rows + b.outputs() - 1L) / b.outputs() * ((cols + b.inputs() - 1L) / b.inputs());
    }
    if (pattern instanceof Pattern.Row) {
      return rows;
    }
    return pattern instanceof Pattern.Channel ? cols : (long) rows * cols;
  }

  static Units of(Pattern pattern, ScoredTensor t) {
    if (pattern instanceof Pattern.Unstructured) {
      return new Units(t.rows(), t.cols(), 1, 1, t.cols(), t.scores());
    }
    if (pattern instanceof Pattern.Block b) {
      return blocks(t, b.outputs(), b.inputs());
    }
    if (pattern instanceof Pattern.Row) {
      return blocks(t, 1, Math.max(1, t.cols()));
    }
    if (pattern instanceof Pattern.Channel) {
      return blocks(t, Math.max(1, t.rows()), 1);
    }
    throw new IllegalArgumentException(pattern.text() + " has no units of its own");
  }

  private static Units blocks(ScoredTensor t, int height, int width) {
    int lines = (int) (((long) t.rows() + height - 1) / height);
    int perLine = (int) (((long) t.cols() + width - 1) / width);
    double[] sums = new double[Math.multiplyExact(lines, perLine)];
    for (int r = 0; r < t.rows(); r++) {
      int line = r / height * perLine;
      // Rows outside, columns inside: every block is summed in row-major order.
      for (int block = 0; block < perLine; block++) {
        long end = Math.min(t.cols(), (block + 1L) * width);
        double sum = sums[line + block];
        for (int c = block * width; c < end; c++) {
          double s = t.scores()[r * t.cols() + c];
          sum += s * s;
        }
        sums[line + block] = sum;
      }
    }
    return new Units(t.rows(), t.cols(), height, width, perLine, sums);
  }

  Mask mask(boolean[] removed, Workers workers) {
    long[] words = Mask.newFullWords(rows, cols);
    if (height == 1 && width == 1) {
      workers.run(
          words.length,
          1,
          1,
          removed.length,
          (first, last) -> {
            for (int w = first; w < last; w++) {
              words[w] = word(removed, w << 6);
            }
          });
      return Mask.ofWords(rows, cols, words);
    }
    for (int r = 0; r < rows; r++) {
      int line = r / height * perLine;
      for (int block = 0; block < perLine; block++) {
        if (removed[line + block]) {
          long end = Math.min(cols, (block + 1L) * width);
          for (int c = block * width; c < end; c++) {
            Mask.clear(words, (long) r * cols + c);
          }
        }
      }
    }
    return Mask.ofWords(rows, cols, words);
  }

  /** The bits of up to 64 weights, 1 for what stays. */
  private static long word(boolean[] removed, int from) {
    int end = Math.min(removed.length - from, Long.SIZE);
    long word = 0;
    for (int b = 0; b < end; b++) {
      word |= removed[from + b] ? 0 : Long.MIN_VALUE >>> b;
    }
    return word;
  }
}
