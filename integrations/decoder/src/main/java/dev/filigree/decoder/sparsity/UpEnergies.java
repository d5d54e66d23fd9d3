package dev.filigree.decoder.sparsity;

import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.LayerObserver;
import dev.filigree.decoder.serve.PackedLayer;
import java.nio.FloatBuffer;

/**
 * The sum of u^2 over all tokens, u the up projection, by hidden unit: what CHESS weighs gates by.
 */
final class UpEnergies implements LayerObserver {
  private final double[] sums;

  private UpEnergies(int hidden) {
    sums = new double[hidden];
  }

  /** Those of a block; the sequences stay in front of it. */
  static double[] of(BlockPass pass, PackedLayer block, int hidden) {
    UpEnergies energies = new UpEnergies(hidden);
    pass.look(block, energies);
    return energies.sums;
  }

  @Override
  public void inputs(Projection.Site site, FloatBuffer rows) {}

  @Override
  public void units(FloatBuffer gates, FloatBuffer ups) {
    for (int i = 0; i < ups.limit(); i++) {
      double u = ups.get(i);
      sums[i % sums.length] += u * u;
    }
  }
}
