package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.filigree.annotations.NMSparse;
import dev.filigree.annotations.Schedule;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Sparse;
import dev.filigree.annotations.Training;
import dev.filigree.djl.Filigree;
import dev.filigree.plan.FiligreeException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Annotated models stay sparse through plain DJL training code. */
class TrainingIT {

  /** Gradual unstructured sparsity, a 2:4 layer by SR-STE, a dense head. */
  static final class Net extends Models.Chain {
    @Sparse(sparsity = 0.8, schedule = @Schedule(end = 0.5, every = 5))
    final Linear wide = addChildBlock("wide", Linear.builder().setUnits(64).build());

    @NMSparse(n = 2, m = 4)
    final Linear next = addChildBlock("next", Linear.builder().setUnits(32).build());

    private final Linear head = addChildBlock("head", Linear.builder().setUnits(4).build());

    @Override
    List<Block> order() {
      return List.of(wide, next, head);
    }
  }

  static Trainer trainer(Model model, Optimizer optimizer) {
    return model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer));
  }

  static Optimizer adamWithDecay() {
    return Optimizer.adam()
        .optLearningRateTracker(Tracker.fixed(5e-3f))
        .optWeightDecays(0.02f)
        .build();
  }

  static float[] weight(Linear layer) {
    return layer.getParameters().get("weight").getArray().toFloatArray();
  }

  @Test
  void easyTrainFitRampsAndNeverRevivesARemovedWeight() throws Exception {
    Net net = new Net();
    try (Model model = Models.initialised(net, new Shape(16, 48), 21);
        NDManager manager = model.getNDManager().newSubManager()) {
      ArrayDataset data =
          new ArrayDataset.Builder()
              .setData(manager.create(Models.gaussian(320 * 48, 1), new Shape(320, 48)))
              .optLabels(manager.create(Models.gaussian(320 * 4, 2), new Shape(320, 4)))
              .setSampling(16, false)
              .build();
      List<Long> zeros = new ArrayList<>();
      List<float[]> after = new ArrayList<>();
      try (Trainer trainer =
          model.newTrainer(
              new DefaultTrainingConfig(Loss.l2Loss())
                  .optOptimizer(adamWithDecay())
                  .addTrainingListeners(
                      new TrainingListenerAdapter() {
                        @Override
                        public void onTrainingBatch(Trainer t, BatchData batch) {
                          float[] w = weight(net.wide);
                          zeros.add(Models.zeros(w));
                          after.add(w);
                        }
                      }))) {
        trainer.initialize(new Shape(16, 48));
        EasyTrain.fit(trainer, 10, data, null);
      }
      // The listener of step t sees what step t - 1 left; the ramp ends at step 100 of 200.
      assertThat(zeros).hasSize(200).isSorted();
      assertThat(zeros.get(0)).isZero();
      assertThat(zeros.get(30)).isBetween(64L, 64L * 38 - 1);
      assertThat(zeros.subList(102, 200)).containsOnly(64L * 38);
      for (int step = 103; step < 200; step++) {
        for (int i = 0; i < after.get(102).length; i++) {
          assertThat(after.get(step)[i] == 0f).isEqualTo(after.get(102)[i] == 0f);
        }
      }
      // Trainer.close wrote the zeros of the straight-through layer.
      assertThat(Models.zeros(weight(net.next))).isEqualTo(32 * 32);
    }
  }

  @Test
  void handWrittenLoopWithMomentumAndDecay() {
    Net net = new Net();
    Optimizer sgd =
        Optimizer.sgd()
            .setLearningRateTracker(Tracker.fixed(1e-2f))
            .optMomentum(0.9f)
            .optWeightDecays(0.01f)
            .build();
    try (Model model = Models.initialised(net, new Shape(16, 48), 22);
        Trainer trainer = trainer(model, sgd)) {
      Filigree.plannedSteps(trainer, 40);
      trainer.initialize(new Shape(16, 48));
      float[] x = Models.gaussian(16 * 48, 3);
      float[] y = Models.gaussian(16 * 4, 4);
      float[] mask = null;
      for (int step = 0; step < 200; step++) {
        step(trainer, x, new Shape(16, 48), y, new Shape(16, 4));
        if (step == 20) {
          mask = weight(net.wide);
          assertThat(Models.zeros(mask)).isEqualTo(64 * 38);
        } else if (step > 20) {
          float[] w = weight(net.wide);
          for (int i = 0; i < w.length; i++) {
            assertThat(w[i] == 0f).as("step %d weight %d", step, i).isEqualTo(mask[i] == 0f);
          }
        }
      }
    }
  }

  static void step(Trainer trainer, float[] x, Shape xs, float[] y, Shape ys) {
    try (NDManager scope = trainer.getManager().newSubManager()) {
      NDArray in = scope.create(x, xs);
      NDArray label = scope.create(y, ys);
      try (GradientCollector collector = trainer.newGradientCollector()) {
        collector.backward(
            trainer.getLoss().evaluate(new NDList(label), trainer.forward(new NDList(in))));
      }
      trainer.step();
    }
  }

  @Test
  void evaluationDuringSrSteSeesMaskedWeights() {
    Net net = new Net();
    float[] x = Models.gaussian(8 * 48, 5);
    float[] evaluated;
    try (Model model = Models.initialised(net, new Shape(8, 48), 23)) {
      try (Trainer trainer = trainer(model, adamWithDecay());
          NDManager manager = model.getNDManager().newSubManager()) {
        trainer.initialize(new Shape(8, 48));
        for (int i = 0; i < 5; i++) {
          step(trainer, x, new Shape(8, 48), Models.gaussian(8 * 4, 6), new Shape(8, 4));
        }
        assertThat(Models.zeros(weight(net.next))).isZero();
        NDList in = new NDList(manager.create(x, new Shape(8, 48)));
        evaluated = trainer.evaluate(in).head().toFloatArray();
        assertThat(Models.predict(model, x, new Shape(8, 48))).containsExactly(evaluated);
      }
      assertThat(Models.zeros(weight(net.next))).isEqualTo(32 * 32);
      assertThat(Models.predict(model, x, new Shape(8, 48))).containsExactly(evaluated);
    }
  }

  @Test
  void fiveHundredStepsLeaveTheNumberOfManagedArraysFlat() {
    Net net = new Net();
    try (Model model = Models.initialised(net, new Shape(8, 48), 24);
        Trainer trainer = trainer(model, adamWithDecay())) {
      Filigree.plannedSteps(trainer, 100);
      trainer.initialize(new Shape(8, 48));
      float[] x = Models.gaussian(8 * 48, 7);
      float[] y = Models.gaussian(8 * 4, 8);
      for (int i = 0; i < 120; i++) {
        step(trainer, x, new Shape(8, 48), y, new Shape(8, 4));
      }
      int before =
          model.getNDManager().getManagedArrays().size()
              + trainer.getManager().getManagedArrays().size();
      for (int i = 0; i < 500; i++) {
        step(trainer, x, new Shape(8, 48), y, new Shape(8, 4));
      }
      int after =
          model.getNDManager().getManagedArrays().size()
              + trainer.getManager().getManagedArrays().size();
      assertThat(after).isLessThanOrEqualTo(before + 2);
    }
  }

  @Test
  void trainingOnAfterFinishKeepsTheDeclaredSparsity() {
    Net net = new Net();
    float[] x = Models.gaussian(8 * 48, 11);
    float[] y = Models.gaussian(8 * 4, 12);
    try (Model model = Models.initialised(net, new Shape(8, 48), 27);
        Trainer trainer = trainer(model, adamWithDecay())) {
      Filigree.plannedSteps(trainer, 1000);
      trainer.initialize(new Shape(8, 48));
      step(trainer, x, new Shape(8, 48), y, new Shape(8, 4));
      Filigree.finish(model);
      float[] finished = weight(net.wide);
      assertThat(Models.zeros(finished)).isEqualTo(64 * 38);
      step(trainer, x, new Shape(8, 48), y, new Shape(8, 4));
      float[] on = weight(net.wide);
      for (int i = 0; i < on.length; i++) {
        assertThat(on[i] == 0f).isEqualTo(finished[i] == 0f);
      }
    }
  }

  /** One budget over two layers of different scale. */
  @Sparse(
      sparsity = 0.5,
      scope = Scope.GLOBAL,
      include = {"small", "large"},
      schedule = @Schedule(kind = ScheduleKind.ONE_SHOT))
  static final class Global extends Models.Chain {
    private final Linear small = addChildBlock("small", Linear.builder().setUnits(32).build());
    private final Linear large = addChildBlock("large", Linear.builder().setUnits(32).build());
    private final Linear head = addChildBlock("head", Linear.builder().setUnits(4).build());

    @Override
    List<Block> order() {
      return List.of(small, large, head);
    }
  }

  @Test
  void globalScopeSharesOneBudget() {
    Global net = new Global();
    try (Model model = Models.initialised(net, new Shape(4, 32), 25)) {
      try (NDArray w = net.large.getParameters().get("weight").getArray().stopGradient()) {
        w.muli(100);
      }
      Filigree.finish(model);
      long small = Models.zeros(weight(net.small));
      long large = Models.zeros(weight(net.large));
      assertThat(small + large).isEqualTo(1024);
      assertThat(small).isGreaterThan(900);
    }
  }

  /** Convolutions train under masks; groups run over input channels at a fixed kernel position. */
  static final class Conv extends Models.Chain {
    @NMSparse(n = 2, m = 4, training = Training.HARD)
    private final Conv2d conv =
        addChildBlock(
            "conv", Conv2d.builder().setFilters(8).setKernelShape(new Shape(3, 3)).build());

    private final Block flat = addChildBlock("flat", Blocks.batchFlattenBlock());
    private final Linear head = addChildBlock("head", Linear.builder().setUnits(4).build());

    @Override
    List<Block> order() {
      return List.of(conv, flat, head);
    }
  }

  @Test
  void convolutionGroupsRunOverInputChannels() {
    Conv net = new Conv();
    Shape shape = new Shape(2, 8, 6, 6);
    try (Model model = Models.initialised(net, shape, 26);
        Trainer trainer = trainer(model, adamWithDecay())) {
      trainer.initialize(shape);
      step(trainer, Models.gaussian(2 * 8 * 36, 9), shape, Models.gaussian(8, 10), new Shape(2, 4));
      float[] w = net.conv.getParameters().get("weight").getArray().toFloatArray();
      for (int filter = 0; filter < 8; filter++) {
        for (int position = 0; position < 9; position++) {
          for (int group = 0; group < 2; group++) {
            int kept = 0;
            for (int i = 0; i < 4; i++) {
              kept += w[(filter * 8 + group * 4 + i) * 9 + position] != 0f ? 1 : 0;
            }
            assertThat(kept).isEqualTo(2);
          }
        }
      }
      assertThat(Models.layer(Filigree.summary(model), "conv").reason()).contains("masked dense");
    }
  }

  /** A group size that cannot divide the inputs. */
  static final class Indivisible extends Models.Chain {
    @NMSparse(n = 2, m = 4)
    private final Linear odd = addChildBlock("odd", Linear.builder().setUnits(8).build());

    @Override
    List<Block> order() {
      return List.of(odd);
    }
  }

  @Test
  void aGroupThatDoesNotDivideTheInputsIsRefusedWhenShapesAreKnown() {
    try (Model model = Model.newInstance("odd", "PyTorch")) {
      model.setBlock(new Indivisible());
      try (Trainer trainer = trainer(model, adamWithDecay())) {
        assertThatThrownBy(() -> trainer.initialize(new Shape(2, 30)))
            .isInstanceOf(FiligreeException.class)
            .hasMessageContaining("FIL-0202")
            .hasMessageContaining("m = 4 does not divide its 30 inputs")
            .hasMessageContaining("Nearest legal m:");
      }
    }
  }
}
