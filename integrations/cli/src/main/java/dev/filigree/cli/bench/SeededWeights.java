package dev.filigree.cli.bench;

import dev.filigree.criterion.Criteria;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.mask.MaskSelection;
import dev.filigree.plan.WeightPlan;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Normally distributed weights, pruned by magnitude. */
public final class SeededWeights {
  private static final String NAME = "The layer";

  private SeededWeights() {}

  /**
   * Every weight matrix [rows][cols] of the operation, float32, direct, with zeros where the plan
   * removes them; matrices of the same width lie behind each other in memory. Their variance is 1 /
   * cols, so that outputs are about as large as inputs.
   */
  public static List<ByteBuffer> of(LayerSpec spec) {
    RandomGenerator random = new SplittableRandom(spec.seed());
    ByteBuffer all = AlignedMemory.allocate(Math.toIntExact(spec.denseBytes()));
    List<ByteBuffer> matrices = new ArrayList<>();
    int at = 0;
    for (MatrixShape shape : spec.matrices()) {
      ByteBuffer matrix = all.slice(at, (int) shape.denseBytes()).order(ByteOrder.nativeOrder());
      fill(shape, spec, matrix.asFloatBuffer(), random);
      matrices.add(matrix);
      at += matrix.limit();
    }
    return matrices;
  }

  /** How many weights are not zero. */
  static long kept(List<ByteBuffer> matrices) {
    long kept = 0;
    for (ByteBuffer matrix : matrices) {
      for (int i = 0; i < matrix.limit(); i += 4) {
        kept += matrix.getFloat(i) == 0f ? 0 : 1;
      }
    }
    return kept;
  }

  private static void fill(
      MatrixShape shape, LayerSpec spec, FloatBuffer weights, RandomGenerator random) {
    double scale = 1 / Math.sqrt(shape.cols());
    for (int i = 0; i < weights.limit(); i++) {
      weights.put(i, (float) (random.nextGaussian() * scale));
    }
    spec.plan().ifPresent(plan -> prune(shape, spec.seed(), plan, weights));
  }

  private static void prune(MatrixShape shape, long seed, WeightPlan plan, FloatBuffer weights) {
    double[] scores =
        Criteria.scores(plan.criterion(), weights, shape.rows(), shape.cols(), seed, NAME);
    MaskSelection.select(plan, plan.sparsity(), scores, shape.rows(), shape.cols()).apply(weights);
  }
}
