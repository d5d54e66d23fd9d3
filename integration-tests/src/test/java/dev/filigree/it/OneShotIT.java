package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import dev.filigree.allocate.AllocationPlan;
import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.NMSparse;
import dev.filigree.annotations.Sparse;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.prune.PrunePlan;
import dev.filigree.djl.prune.PruneReport;
import dev.filigree.plan.FiligreeException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One-shot pruning through the layers of a woven model. */
class OneShotIT {
  private static final int IN = 32;
  private static final int ROWS = 40;

  static final class Plain extends Models.Chain {
    final Linear wide = addChildBlock("wide", Linear.builder().setUnits(24).build());
    final Linear next = addChildBlock("next", Linear.builder().setUnits(16).build());

    @Override
    List<Block> order() {
      return List.of(wide, next);
    }
  }

  static final class Declared extends Models.Chain {
    @Sparse(sparsity = 0.5, criterion = Criterion.WANDA)
    final Linear wide = addChildBlock("wide", Linear.builder().setUnits(24).build());

    @NMSparse(n = 2, m = 4, criterion = Criterion.SPARSEGPT)
    final Linear next = addChildBlock("next", Linear.builder().setUnits(16).build());

    @Override
    List<Block> order() {
      return List.of(wide, next);
    }
  }

  private static ArrayDataset data(NDManager manager, boolean labels) {
    ArrayDataset.Builder builder =
        new ArrayDataset.Builder()
            .setData(manager.create(Models.gaussian(ROWS * IN, 9), new Shape(ROWS, IN)))
            .setSampling(7, false);
    if (labels) {
      builder.optLabels(manager.create(Models.gaussian(ROWS * 16, 10), new Shape(ROWS, 16)));
    }
    return builder.build();
  }

  private static PrunePlan plan(OneShotMethod method) {
    return PrunePlan.of(method, 0.5).include("wide", "next");
  }

  private static float[] weight(Linear layer) {
    return layer.getParameters().get("weight").getArray().toFloatArray();
  }

  /** The zeros of Wanda by hand, row by row, on inputs X [tokens][in]. */
  private static boolean[] wanda(float[] w, int rows, int in, double[][] x) {
    double[] norms = new double[in];
    for (double[] token : x) {
      for (int i = 0; i < in; i++) {
        norms[i] += token[i] * token[i];
      }
    }
    boolean[] kept = new boolean[w.length];
    for (int r = 0; r < rows; r++) {
      Integer[] order = new Integer[in];
      Arrays.setAll(order, i -> i);
      int row = r;
      Arrays.sort(
          order,
          (a, b) ->
              Double.compare(
                  Math.abs(w[row * in + a]) * Math.sqrt(norms[a]),
                  Math.abs(w[row * in + b]) * Math.sqrt(norms[b])));
      for (int i = in / 2; i < in; i++) {
        kept[r * in + order[i]] = true;
      }
    }
    return kept;
  }

  private static double[][] inputs() {
    float[] flat = Models.gaussian(ROWS * IN, 9);
    double[][] x = new double[ROWS][IN];
    for (int i = 0; i < flat.length; i++) {
      x[i / IN][i % IN] = flat[i];
    }
    return x;
  }

  private static double[][] outputs(Linear layer, float[] w, int in, double[][] x) {
    float[] b = layer.getParameters().get("bias").getArray().toFloatArray();
    double[][] y = new double[x.length][b.length];
    for (int t = 0; t < x.length; t++) {
      for (int o = 0; o < b.length; o++) {
        y[t][o] = b[o];
        for (int i = 0; i < in; i++) {
          y[t][o] += w[o * in + i] * x[t][i];
        }
      }
    }
    return y;
  }

  @Test
  void wandaSeesTheInputsOfPrunedOrDenseLayersAsAsked() {
    for (PrunePlan.Calibration how : PrunePlan.Calibration.values()) {
      Plain block = new Plain();
      try (Model model = Models.initialised(block, new Shape(1, IN), 5)) {
        float[] wide = weight(block.wide);
        float[] next = weight(block.next);
        PruneReport report =
            Filigree.prune(
                model,
                data(model.getNDManager(), false),
                plan(OneShotMethod.WANDA).calibration(how));
        boolean[] first = wanda(wide, 24, IN, inputs());
        float[] before = how == PrunePlan.Calibration.DENSE ? wide : weight(block.wide);
        boolean[] second = wanda(next, 16, 24, outputs(block.wide, before, IN, inputs()));
        assertMask(weight(block.wide), wide, first);
        assertMask(weight(block.next), next, second);
        assertThat(report.pruned()).allMatch(l -> l.relativeError() > 0 && l.relativeError() < 1);
      }
    }
  }

  private static void assertMask(float[] pruned, float[] dense, boolean[] kept) {
    for (int i = 0; i < kept.length; i++) {
      assertThat(pruned[i]).isEqualTo(kept[i] ? dense[i] : 0f);
    }
  }

  @Test
  void sparseGptHasLessErrorThanWandaAndGblmNeedsALoss() {
    double[] error = new double[2];
    OneShotMethod[] methods = {OneShotMethod.WANDA, OneShotMethod.SPARSEGPT};
    for (int i = 0; i < 2; i++) {
      try (Model model = Models.initialised(new Plain(), new Shape(1, IN), 5)) {
        PruneReport report =
            Filigree.prune(
                model,
                data(model.getNDManager(), false),
                plan(methods[i]).calibration(PrunePlan.Calibration.DENSE));
        error[i] = report.pruned().get(0).error();
      }
    }
    assertThat(error[1]).isLessThan(error[0]);
    try (Model model = Models.initialised(new Plain(), new Shape(1, IN), 5)) {
      assertThatThrownBy(
              () ->
                  Filigree.prune(model, data(model.getNDManager(), true), plan(OneShotMethod.GBLM)))
          .hasMessageContaining("FIL-0227");
      PruneReport report =
          Filigree.prune(
              model,
              data(model.getNDManager(), true),
              plan(OneShotMethod.GBLM).loss(Loss.l2Loss()));
      assertThat(report.sparsity()).isEqualTo(0.5);
    }
  }

  @Test
  void dsnotAndOwlKeepTheCounts() {
    try (Model model = Models.initialised(new Plain(), new Shape(1, IN), 5)) {
      PruneReport report =
          Filigree.prune(
              model,
              data(model.getNDManager(), false),
              plan(OneShotMethod.WANDA).dsnot().allocation(new AllocationPlan.Owl(3, 0.1)));
      long removed =
          report.pruned().stream().mapToLong(l -> (long) l.rows() * l.cols() - l.kept()).sum();
      assertThat((24 * IN + 16 * 24) / 2 - removed).isBetween(0L, 15L);
    }
  }

  @Test
  void anInterruptedCalibrationGoesOnWithTheSameMasks(@TempDir Path directory) {
    List<PruneReport.Layer> whole;
    try (Model model = Models.initialised(new Plain(), new Shape(1, IN), 5)) {
      whole =
          Filigree.prune(model, data(model.getNDManager(), false), plan(OneShotMethod.SPARSEGPT))
              .layers();
    }
    Plain block = new Plain();
    try (Model model = Models.initialised(block, new Shape(1, IN), 5)) {
      float[] wide = weight(block.wide);
      PrunePlan stored = plan(OneShotMethod.SPARSEGPT).checkpoint(directory);
      PrunePlan interrupted =
          stored.progress(
              (task, done, total, left) -> {
                if (done == 8) {
                  throw new IllegalStateException("interrupted");
                }
              });
      assertThatThrownBy(
              () -> Filigree.prune(model, data(model.getNDManager(), false), interrupted))
          .hasMessage("interrupted");
      assertThat(weight(block.wide)).containsExactly(wide);
      PruneReport again = Filigree.prune(model, data(model.getNDManager(), false), stored);
      assertThat(again.layers()).isEqualTo(whole);
      assertThatThrownBy(
              () ->
                  Filigree.prune(
                      model,
                      data(model.getNDManager(), false),
                      plan(OneShotMethod.WANDA).checkpoint(directory)))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0228");
    }
  }

  @Test
  void declaredCriteriaArePrunedAtPackTime() {
    Declared block = new Declared();
    try (Model model = Models.initialised(block, new Shape(1, IN), 6)) {
      PackOptions options = PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);
      assertThatThrownBy(() -> Filigree.pack(model, options))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0220")
          .hasMessageContaining("WANDA");
      Filigree.pack(model, options.calibration(data(model.getNDManager(), false)));
      assertThat(Models.zeros(weight(block.wide))).isEqualTo(24 * IN / 2);
      assertThat(Models.zeros(weight(block.next))).isEqualTo(16 * 24 / 2);
      Filigree.pack(model, options);
    }
  }
}
