package dev.filigree.djl.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.filigree.allocate.AllocationPlan;
import dev.filigree.allocate.Evolution;
import dev.filigree.annotations.Scope;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.Nets;
import dev.filigree.djl.train.Weights;
import dev.filigree.file.DataDigest;
import dev.filigree.plan.FiligreeException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** One-shot pruning without the agent: what needs no inputs of layers works, the rest says why. */
class PruneUnwovenTest {
  private static final int IN = 48;

  private static float[] gaussian(int n, long seed) {
    Random random = new Random(seed);
    float[] out = new float[n];
    for (int i = 0; i < n; i++) {
      out[i] = (float) random.nextGaussian();
    }
    return out;
  }

  private static Model model() {
    Block block = new Nets.Plain();
    Model model = Nets.model("prune", block);
    block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, IN));
    int seed = 0;
    for (Parameter p : block.getParameters().values()) {
      float[] w = gaussian(Math.toIntExact(p.getArray().size()), 100 + seed++);
      for (int i = 0; i < w.length; i++) {
        w[i] *= 0.2f;
      }
      Weights.write(p.getArray(), FloatBuffer.wrap(w));
    }
    return model;
  }

  private static ArrayDataset data(NDManager manager, int rows, long seed) {
    return new ArrayDataset.Builder()
        .setData(manager.create(gaussian(rows * IN, seed), new Shape(rows, IN)))
        .setSampling(8, false)
        .build();
  }

  private static Map<String, float[]> weights(Model model) {
    Map<String, float[]> out = new TreeMap<>();
    model
        .getBlock()
        .getParameters()
        .forEach(p -> out.put(p.getKey(), p.getValue().getArray().toFloatArray()));
    return out;
  }

  private static long zeros(float[] w) {
    long n = 0;
    for (float v : w) {
      n += v == 0f ? 1 : 0;
    }
    return n;
  }

  private static PrunePlan magnitude(double s) {
    return PrunePlan.of(OneShotMethod.MAGNITUDE, s).include("wide", "next");
  }

  @Test
  void magnitudeTakesTheIncludedLayersAndKeepsThemThroughTraining() {
    try (Model model = model()) {
      PruneReport report =
          Filigree.prune(model, data(model.getNDManager(), 20, 1), magnitude(0.75));
      assertThat(report.pruned())
          .extracting(PruneReport.Layer::path)
          .containsExactly("wide", "next");
      assertThat(report.sparsity()).isEqualTo(0.75);
      assertThat(report.data()).hasSize(1);
      assertThat(report.receiptStep().masks()).hasSize(2);
      Map<String, float[]> pruned = weights(model);
      String wide = report.pruned().get(0).parameter();
      assertThat(zeros(pruned.get(wide))).isEqualTo(64 * 36);
      try (Trainer trainer =
          Filigree.newTrainer(
              model,
              new DefaultTrainingConfig(Loss.l2Loss())
                  .optOptimizer(
                      Optimizer.adam()
                          .optLearningRateTracker(Tracker.fixed(1e-2f))
                          .optWeightDecays(0.01f)
                          .build()))) {
        trainer.initialize(new Shape(8, IN));
        try (NDArray x = model.getNDManager().randomNormal(new Shape(8, IN));
            NDArray y = model.getNDManager().randomNormal(new Shape(8, 4))) {
          for (int i = 0; i < 20; i++) {
            Nets.step(trainer, x, y);
          }
        }
      }
      float[] trained = weights(model).get(wide);
      float[] before = pruned.get(wide);
      assertThat(trained).isNotEqualTo(before);
      for (int i = 0; i < before.length; i++) {
        if (before[i] == 0f) {
          assertThat(trained[i]).isZero();
        }
      }
      assertThat(Filigree.summary(model).bound()).isEqualTo(2);
      Filigree.finish(model);
      assertThat(weights(model).get(wide)).containsExactly(trained);
      Filigree.strip(model);
      assertThat(Filigree.summary(model).bound()).isZero();
    }
  }

  @Test
  void defaultsLeaveTheHeadAndSmallLayersAlone() {
    try (Model model = model()) {
      assertThatThrownBy(
              () ->
                  Filigree.prune(
                      model,
                      data(model.getNDManager(), 8, 1),
                      PrunePlan.of(OneShotMethod.MAGNITUDE, 0.5)))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0223")
          .hasMessageContaining("output head");
    }
  }

  @Test
  void globalCountsOverAllLayersTogether() {
    try (Model model = model()) {
      PruneReport report =
          Filigree.prune(
              model, data(model.getNDManager(), 8, 1), magnitude(0.5).scope(Scope.GLOBAL));
      long all = 64 * IN + 32 * 64;
      assertThat(report.pruned().stream().mapToLong(PruneReport.Layer::kept).sum())
          .isEqualTo(all - all / 2);
      assertThat(report.pruned().get(0).kept()).isNotEqualTo(64L * IN / 2);
    }
  }

  @Test
  void aSearchHasTheTotalBeatsItsStartAndIsTheSameAgain() {
    PruneReport[] found = new PruneReport[2];
    for (int i = 0; i < 2; i++) {
      try (Model model = model()) {
        AllocationPlan search =
            new AllocationPlan.Search(Evolution.defaults().withSize(6, 6).withSeed(5));
        found[i] =
            Filigree.prune(
                model,
                data(model.getNDManager(), 32, 1),
                PrunePlan.of(OneShotMethod.MAGNITUDE, 0.6)
                    .scope(Scope.LAYER)
                    .include("wide", "next", "head")
                    .allocation(search)
                    .evaluation(data(model.getNDManager(), 16, 2)));
      }
    }
    Evolution.Result result = found[0].search().orElseThrow();
    assertThat(result.fitness()).isLessThan(result.startFitness());
    long removed =
        found[0].pruned().stream().mapToLong(l -> (long) l.rows() * l.cols() - l.kept()).sum();
    assertThat(removed).isEqualTo((64 * IN + 32 * 64 + 4 * 32) * 6L / 10);
    assertThat(found[0].evaluation().orElseThrow().before().getAsDouble()).isZero();
    assertThat(found[0].evaluation().orElseThrow().after().getAsDouble()).isPositive();
    assertThat(found[1].layers()).isEqualTo(found[0].layers());
    assertThat(found[1].search()).isEqualTo(found[0].search());
  }

  @Test
  void measuredSharesBeatUniformOnes() {
    double[] after = new double[2];
    AllocationPlan[] plans = {AllocationPlan.uniform(), AllocationPlan.measured()};
    for (int i = 0; i < 2; i++) {
      try (Model model = model()) {
        PruneReport report =
            Filigree.prune(
                model,
                data(model.getNDManager(), 64, 1),
                PrunePlan.of(OneShotMethod.MAGNITUDE, 0.6)
                    .scope(Scope.LAYER)
                    .include("wide", "next", "head")
                    .allocation(plans[i])
                    .evaluation(data(model.getNDManager(), 64, 2)));
        after[i] = report.evaluation().orElseThrow().after().getAsDouble();
      }
    }
    assertThat(after[1]).isLessThan(after[0]);
  }

  @Test
  void onFailureTheWeightsAreAsTheyWere() {
    try (Model model = model()) {
      Map<String, float[]> before = weights(model);
      int[] calls = new int[1];
      PrunePlan plan =
          magnitude(0.5)
              .evaluation(data(model.getNDManager(), 8, 2))
              .fitness(
                  (m, d) -> {
                    if (calls[0]++ > 0) {
                      throw new IllegalStateException("planted");
                    }
                    return 0;
                  });
      assertThatThrownBy(() -> Filigree.prune(model, data(model.getNDManager(), 8, 1), plan))
          .hasMessage("planted");
      weights(model).forEach((name, w) -> assertThat(w).containsExactly(before.get(name)));
      assertThat(Filigree.summary(model).bound()).isZero();
    }
  }

  @Test
  void samplesInTwoRolesAreRefusedUnlessAllowed() {
    try (Model model = model()) {
      NDManager manager = model.getNDManager();
      // The same samples in batches of another size are still the same.
      float[] values = gaussian(24 * IN, 1);
      List<NDList> halves = new ArrayList<>();
      for (int from = 12; from < 24; from += 6) {
        float[] some = java.util.Arrays.copyOfRange(values, from * IN, (from + 6) * IN);
        halves.add(new NDList(manager.create(some, new Shape(6, IN))));
      }
      PrunePlan plan = magnitude(0.5).evaluation(Samples.of(halves));
      assertThatThrownBy(() -> Filigree.prune(model, data(manager, 24, 1), plan))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0225")
          .hasMessageContaining("12 of the 12");
      PruneReport report = Filigree.prune(model, data(manager, 16, 1), plan.allowOverlap());
      assertThat(report.overlap().getAsDouble()).isEqualTo(4 / 12.0);
      assertThat(report.json()).contains("\"overlap\": 0.3333");
    }
  }

  @Test
  void tokenIdsAreComparedByWindows() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      int[] ids = new Random(4).ints(2 * 40, 0, 1000).toArray();
      int[] other = new Random(5).ints(2 * 40, 0, 1000).toArray();
      System.arraycopy(ids, 5, other, 40, 20); // 8 of the 56 windows
      List<SampleDigests> both = new ArrayList<>();
      for (int[] data : List.of(ids, other)) {
        NDList batch = new NDList(manager.create(data, new Shape(2, 40)));
        both.add(
            SampleDigests.of(
                DataDigest.Role.EVALUATION, Samples.of(List.<NDList>of(batch)), manager));
      }
      assertThat(both.get(1).commonWith(both.get(0))).isZero();
      assertThat(both.get(1).shareIn(both.get(0))).isEqualTo(8 / 56.0);
      assertThat(both.get(0).shareIn(both.get(0))).isEqualTo(1);
    }
  }

  @Test
  void whatCannotWorkIsSaid() {
    try (Model model = model()) {
      NDManager manager = model.getNDManager();
      assertThatThrownBy(
              () ->
                  Filigree.prune(
                      model,
                      data(manager, 8, 1),
                      PrunePlan.of(OneShotMethod.WANDA, 0.5).include("wide")))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0221")
          .hasMessageContaining("-javaagent");
      assertThatThrownBy(
              () ->
                  Filigree.prune(
                      model,
                      data(manager, 8, 1),
                      magnitude(0.5).allocation(AllocationPlan.evolution(0))))
          .hasMessageContaining("FIL-0226");
      assertThatThrownBy(
              () ->
                  Filigree.prune(
                      model,
                      data(manager, 8, 1),
                      PrunePlan.nm(OneShotMethod.MAGNITUDE, 2, 5).include("wide")))
          .hasMessageContaining("FIL-0229")
          .hasMessageContaining("5 does not divide its 48 inputs");
      PruneReport skipped =
          Filigree.prune(
              model,
              data(manager, 8, 1),
              PrunePlan.nm(OneShotMethod.MAGNITUDE, 2, 12)
                  .include("wide", "next")
                  .onIndivisible(PrunePlan.Indivisible.SKIP));
      assertThat(skipped.pruned()).extracting(PruneReport.Layer::path).containsExactly("wide");
      assertThat(skipped.text()).contains("12 does not divide its 64 inputs");
      assertThatThrownBy(() -> Filigree.prune(model, Samples.of(List.of()), magnitude(0.5)))
          .hasMessageContaining("FIL-0214");
    }
  }

  @Test
  void sensitivityFindsTheDropAndLeavesTheWeights() {
    try (Model model = model()) {
      Map<String, float[]> before = weights(model);
      SensitivityReport report =
          Filigree.sensitivity(
              model,
              data(model.getNDManager(), 32, 1),
              PrunePlan.of(OneShotMethod.MAGNITUDE, 0).include("wide", "next", "head"));
      weights(model).forEach((name, w) -> assertThat(w).containsExactly(before.get(name)));
      assertThat(report.layers()).hasSize(3);
      assertThat(report.fitness()).isZero();
      SensitivityReport.Curve all = report.all();
      assertThat(all.fitness().get(9)).isGreaterThan(all.fitness().get(0));
      for (SensitivityReport.Curve c : report.layers()) {
        int at = c.sparsities().indexOf(c.essential());
        assertThat(c.fitness().subList(0, at + 1)).allMatch(f -> f <= 0.01);
        assertThat(at == 9 || c.fitness().get(at + 1) > 0.01).isTrue();
      }
      assertThat(report.withTolerance(1e9).all().essential()).isEqualTo(0.95);
      assertThat(report.html()).contains("essential").contains("<canvas");
      assertThat(report.json()).contains("\"essential\"");
      assertThat(report.text()).contains("all layers");
    }
  }
}
