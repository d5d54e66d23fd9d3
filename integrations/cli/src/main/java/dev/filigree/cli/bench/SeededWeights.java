package dev.filigree.cli.bench;

import dev.filigree.criterion.Criteria;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.mask.MaskSelection;
import dev.filigree.plan.WeightPlan;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Normally distributed weights, pruned by magnitude. */
final class SeededWeights {
  private static final String NAME = "The layer";

  private SeededWeights() {}

  /**
   * Weights [rows][cols], float32, direct, with zeros where the plan removes them. Their variance
   * is 1 / cols, so that outputs are about as large as inputs.
   */
  static ByteBuffer of(LayerSpec spec) {
    ByteBuffer out = AlignedMemory.allocate(Math.toIntExact(spec.denseBytes()));
    FloatBuffer weights = out.asFloatBuffer();
    RandomGenerator random = new SplittableRandom(spec.seed());
    double scale = 1 / Math.sqrt(spec.cols());
    for (int i = 0; i < weights.limit(); i++) {
      weights.put(i, (float) (random.nextGaussian() * scale));
    }
    spec.plan().ifPresent(plan -> prune(spec, plan, weights));
    return out;
  }

  private static void prune(LayerSpec spec, WeightPlan plan, FloatBuffer weights) {
    double[] scores =
        Criteria.scores(plan.criterion(), weights, spec.rows(), spec.cols(), spec.seed(), NAME);
    MaskSelection.select(plan, plan.sparsity(), scores, spec.rows(), spec.cols()).apply(weights);
  }
}
