package dev.filigree.djl.lowrank;

import dev.filigree.calibrate.MagnitudeThreshold;
import dev.filigree.calibrate.RowSample;
import java.nio.FloatBuffer;

/**
 * What R-Sparse gathers of the inputs of one layer: all scores |x_i| ||W[:,i]||, and up to {@value
 * #MOST_ROWS} rows, spread over all of them. Not safe for several threads.
 */
public final class RemainderStatistics {
  private static final int MOST_ROWS = 64;

  private final float[] norms;
  private final MagnitudeThreshold scores;
  private final RowSample rows;

  /**
   * @param layer for messages
   * @param norms ||W[:,i]||_2 by input; kept
   */
  public RemainderStatistics(String layer, float[] norms) {
    this.norms = norms;
    this.scores = new MagnitudeThreshold(layer);
    this.rows = new RowSample(norms.length, MOST_ROWS);
  }

  /** Adds rows from the position to the limit; the position does not move. */
  public void add(FloatBuffer x) {
    rows.add(x);
    float[] scaled = new float[x.remaining()];
    x.get(x.position(), scaled);
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] *= norms[i % norms.length];
    }
    scores.add(FloatBuffer.wrap(scaled));
  }

  /**
   * The threshold and the factors that fit the sparsity.
   *
   * @param matrix W, of which the norms are
   * @param sparsity share of the weights that is not to be read, 0 to below 1
   */
  public LayerRemainder find(LowRank matrix, double sparsity) {
    return LayerRemainder.search(matrix, sparsity, norms, scores, rows.values());
  }
}
