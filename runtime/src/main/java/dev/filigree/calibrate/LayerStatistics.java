package dev.filigree.calibrate;

import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.TokenBlock;
import dev.filigree.kernel.Workers;
import dev.filigree.linalg.Gram;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * What one-shot pruning wants to know of a layer's inputs X [tokens][inputs], gathered in one pass
 * over any number of batches: sums, sums of squares, if wanted X^T X and the distribution of |x|.
 *
 * <p>All sums are in double precision and in the order of the tokens, so how the tokens are cut
 * into batches, and how many threads take part, changes no bit. Memory with X^T X is that of {@code
 * 256 * inputs + inputs^2 / 2} doubles.
 *
 * <p>Calls are serialised; a layer that is fed from several threads is right, but the order of the
 * tokens is then chance.
 */
public final class LayerStatistics {
  /** Tokens that are added to X^T X in one go. */
  private static final int BLOCK = 256;

  private final String layer;
  private final int inputs;
  private final Workers workers;
  private final double[] sums;
  private final double[] squares;
  private final double[][] gram;
  private final MagnitudeThreshold magnitudes;
  private final TokenBlock block;
  private long tokens;

  /**
   * What is gathered besides sums and squares.
   *
   * @param gram X^T X, which SparseGPT needs
   * @param magnitudes the distribution of |x|, for thresholds
   */
  public record Contents(boolean gram, boolean magnitudes) {
    /** Sums and squares alone: enough for Wanda, GBLM and DSnoT. */
    public static final Contents SUMS = new Contents(false, false);

    /** With X^T X. */
    public static final Contents GRAM = new Contents(true, false);
  }

  /**
   * Empty statistics.
   *
   * @param layer named in messages
   * @param inputs columns of X, at least 1
   */
  public LayerStatistics(String layer, int inputs, Contents contents) {
    this(layer, inputs, contents, Workers.shared());
  }

  /** The same on threads of the caller's choice. */
  public LayerStatistics(String layer, int inputs, Contents contents, Workers workers) {
    if (inputs < 1) {
      throw new IllegalArgumentException("inputs is " + inputs);
    }
    this.layer = layer;
    this.inputs = inputs;
    this.workers = workers;
    this.sums = new double[inputs];
    this.squares = new double[inputs];
    this.gram = contents.gram() ? triangle(inputs) : null;
    this.magnitudes = contents.magnitudes() ? new MagnitudeThreshold(layer) : null;
    this.block = contents.gram() ? new TokenBlock(inputs, BLOCK) : null;
  }

  /** Statistics that go on from a stored state; arrays are taken over. */
  LayerStatistics(
      String layer,
      long tokens,
      double[] sums,
      double[] squares,
      double[][] gram,
      MagnitudeThreshold magnitudes,
      Workers workers) {
    this.layer = layer;
    this.inputs = sums.length;
    this.workers = workers;
    this.tokens = tokens;
    this.sums = sums;
    this.squares = squares;
    this.gram = gram;
    this.magnitudes = magnitudes;
    this.block = gram == null ? null : new TokenBlock(inputs, BLOCK);
  }

  private static double[][] triangle(int n) {
    double[][] rows = new double[n][];
    for (int j = 0; j < n; j++) {
      rows[j] = new double[j + 1];
    }
    return rows;
  }

  /**
   * Adds tokens.
   *
   * @param rows [tokens][inputs] from the buffer's position to its limit; the position does not
   *     move
   * @throws FiligreeException FIL-0423 where the values do not fill rows, FIL-0215 for NaN or
   *     infinity; nothing of the buffer is added then
   */
  public synchronized void add(FloatBuffer rows) {
    int from = rows.position();
    int values = rows.remaining();
    if (values % inputs != 0) {
      throw new FiligreeException(Message.FIL_0423, layer, values, inputs);
    }
    int count = values / inputs;
    double[] newSums = sums.clone();
    double[] newSquares = squares.clone();
    workers.run(
        inputs,
        ColumnSums.TILE,
        4,
        2L * values,
        (first, last) -> new ColumnSums(rows, inputs, count).add(first, last, newSums, newSquares));
    // Finite floats cannot make a sum of doubles infinite.
    for (int i = 0; i < inputs; i++) {
      if (!Double.isFinite(newSums[i])) {
        throw new FiligreeException(Message.FIL_0215, layer, notFinite(rows, i));
      }
    }
    System.arraycopy(newSums, 0, sums, 0, inputs);
    System.arraycopy(newSquares, 0, squares, 0, inputs);
    tokens += count;
    if (gram != null) {
      for (int t = 0; t < count; ) {
        int some = Math.min(block.room(), count - t);
        block.add(rows, from + t * inputs, some, workers);
        t += some;
        if (block.room() == 0) {
          flush();
        }
      }
    }
    if (magnitudes != null) {
      magnitudes.add(rows);
    }
  }

  private float notFinite(FloatBuffer rows, int column) {
    for (int i = rows.position() + column; i < rows.limit(); i += inputs) {
      if (!Float.isFinite(rows.get(i))) {
        return rows.get(i);
      }
    }
    throw new IllegalStateException("the sum of column " + column + " is not finite");
  }

  // The product of two floats is exact in double, and sums go token by token: where a block ends
  // makes no difference.
  private void flush() {
    if (gram != null && block.tokens() > 0) {
      Gram.add(gram, block, KernelSelection.current().gram(), workers);
      block.clear();
    }
  }

  /** The layer's name. */
  public String layer() {
    return layer;
  }

  /** Columns of X. */
  public int inputs() {
    return inputs;
  }

  /** How many tokens were added. */
  public synchronized long tokens() {
    return tokens;
  }

  /** The sum of every input over all tokens. */
  public synchronized double[] sums() {
    return sums.clone();
  }

  /** The sum of the squares of every input over all tokens. */
  public synchronized double[] squares() {
    return squares.clone();
  }

  /** ||X_j||_2 of every input over all tokens. */
  public synchronized double[] norms() {
    return Arrays.stream(squares).map(Math::sqrt).toArray();
  }

  /** The mean of every input. */
  public synchronized double[] means() {
    return Arrays.stream(sums).map(s -> s / tokens).toArray();
  }

  /** The variance of every input over all tokens (divided by their number), at least 0. */
  public synchronized double[] variances() {
    double[] out = new double[inputs];
    for (int i = 0; i < inputs; i++) {
      double mean = sums[i] / tokens;
      out[i] = Math.max(0, squares[i] / tokens - mean * mean);
    }
    return out;
  }

  /**
   * The lower triangle of X^T X, row j with j + 1 elements, where it is gathered. Not a copy and
   * not to be written to; it changes with the next tokens.
   */
  public synchronized Optional<double[][]> gram() {
    flush();
    return Optional.ofNullable(gram);
  }

  /** The distribution of |x|, where it is gathered. */
  public Optional<MagnitudeThreshold> magnitudes() {
    return Optional.ofNullable(magnitudes);
  }
}
