package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.Trainer;
import ai.djl.translate.NoopTranslator;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Schedule;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Sparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.train.Weights;
import java.lang.ref.WeakReference;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.AbstractCollection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models that come and go, are stripped, resumed, and are used by several threads at once. */
class LifecycleIT {
  private static final PackOptions SPARSE =
      PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);
  private static final Shape SHAPE = new Shape(8, 48);

  private static void steps(Trainer trainer, int n) {
    for (int i = 0; i < n; i++) {
      TrainingIT.step(
          trainer, Models.gaussian(8 * 48, i), SHAPE, Models.gaussian(8 * 4, i), new Shape(8, 4));
    }
  }

  /** In a method of its own, so that no local variable holds the model. */
  private static List<WeakReference<Block>> useAndDrop(boolean close) {
    TrainingIT.Net block = new TrainingIT.Net();
    Model model = Models.initialised(block, SHAPE, 71);
    Trainer trainer = TrainingIT.trainer(model, TrainingIT.adamWithDecay());
    trainer.initialize(SHAPE);
    steps(trainer, 2);
    if (close) {
      trainer.close();
    }
    Filigree.pack(model, SPARSE);
    Models.predict(model, Models.gaussian(8 * 48, 1), SHAPE);
    List<WeakReference<Block>> out = new ArrayList<>();
    out.add(new WeakReference<>(block));
    block.order().forEach(b -> out.add(new WeakReference<>(b)));
    if (close) {
      model.close();
    }
    return out;
  }

  @Test
  void aDroppedModelIsCollected() {
    List<WeakReference<Block>> blocks = new ArrayList<>(useAndDrop(true));
    blocks.addAll(useAndDrop(false));
    long until = System.nanoTime() + 20_000_000_000L;
    while (System.nanoTime() < until && blocks.stream().anyMatch(r -> r.get() != null)) {
      System.gc();
    }
    assertThat(blocks).allMatch(r -> r.get() == null);
  }

  /** Skips inputs without calibration. */
  static final class TopK extends Models.Chain {
    @ActivationSparse(sparsity = 0.5, method = ActivationMethod.TOP_K)
    private final Linear layer = addChildBlock("layer", Linear.builder().setUnits(16).build());

    @Override
    List<Block> order() {
      return List.of(layer);
    }
  }

  @Test
  void aStrippedModelSkipsNoInputs() {
    try (Model model = Models.initialised(new TopK(), SHAPE, 72)) {
      float[] x = Models.gaussian(8 * 48, 2);
      float[] skipping = Models.predict(model, x, SHAPE);
      Filigree.pack(model, SPARSE);
      BindingIT.close(Models.predict(model, x, SHAPE), skipping);
      Filigree.strip(model);
      float[] plain = Models.predict(model, x, SHAPE);
      assertThat(plain).isNotEqualTo(skipping);
      Linear layer = Linear.builder().setUnits(16).build();
      try (Model other = Models.initialised(layer, SHAPE, 72)) {
        assertThat(plain).containsExactly(Models.predict(other, x, SHAPE));
      }
    }
  }

  /** A field that no one can read through. */
  static final class Hostile extends Models.Chain {
    @Sparse(sparsity = 0.5)
    private final Collection<Block> listed =
        new AbstractCollection<>() {
          @Override
          public Iterator<Block> iterator() {
            throw new IllegalStateException("not now");
          }

          @Override
          public int size() {
            return 1;
          }
        };

    private final Linear layer = addChildBlock("layer", Linear.builder().setUnits(4).build());

    @Override
    List<Block> order() {
      return listed.isEmpty() ? List.of() : List.of(layer);
    }
  }

  @Test
  void aFailureInsideFiligreeLeavesTheHostAsItWas() {
    float[] x = Models.gaussian(8 * 48, 3);
    try (Model model = Models.initialised(new Hostile(), SHAPE, 76)) {
      assertThat(Models.predict(model, x, SHAPE)).hasSize(32);
      try (Trainer trainer = TrainingIT.trainer(model, TrainingIT.adamWithDecay())) {
        trainer.initialize(SHAPE);
        steps(trainer, 2);
      }
    }
  }

  @Test
  void aTrainingThatDivergesGoesOnAsWithoutMasks() {
    TrainingIT.Net net = new TrainingIT.Net();
    try (Model model = Models.initialised(net, SHAPE, 77)) {
      try (Trainer trainer = TrainingIT.trainer(model, TrainingIT.adamWithDecay())) {
        Filigree.plannedSteps(trainer, 10);
        trainer.initialize(SHAPE);
        steps(trainer, 3);
        for (Linear layer : List.of(net.wide, net.next)) {
          float[] w = TrainingIT.weight(layer);
          w[7] = Float.NaN;
          Weights.write(layer.getParameters().get("weight").getArray(), FloatBuffer.wrap(w));
        }
        steps(trainer, 10);
      }
      assertThat(TrainingIT.weight(net.wide)).contains(Float.NaN);
    }
  }

  /** A mask that scores cannot find again. */
  static final class Drawn extends Models.Chain {
    @Sparse(
        sparsity = 0.5,
        criterion = Criterion.RANDOM,
        schedule = @Schedule(kind = ScheduleKind.CUBIC, end = 0.5))
    private final Linear layer = addChildBlock("layer", Linear.builder().setUnits(16).build());

    private final Linear head = addChildBlock("head", Linear.builder().setUnits(4).build());

    @Override
    List<Block> order() {
      return List.of(layer, head);
    }
  }

  @Test
  void aPrunedModelThatIsLoadedTrainsOnUnderItsMask(@TempDir Path dir) throws Exception {
    float[] pruned;
    try (Model model = Models.initialised(new Drawn(), SHAPE, 73)) {
      try (Trainer trainer = TrainingIT.trainer(model, TrainingIT.adamWithDecay())) {
        Filigree.plannedSteps(trainer, 10);
        Filigree.seed(trainer, 5);
        trainer.initialize(SHAPE);
        steps(trainer, 10);
      }
      pruned = model.getBlock().getParameters().valueAt(0).getArray().toFloatArray();
      assertThat(Models.zeros(pruned)).isEqualTo(16 * 24);
      model.save(dir, "drawn");
    }
    try (Model model = Model.newInstance("drawn", "PyTorch")) {
      model.setBlock(new Drawn());
      model.load(dir, "drawn");
      try (Trainer trainer = TrainingIT.trainer(model, TrainingIT.adamWithDecay())) {
        Filigree.plannedSteps(trainer, 10);
        trainer.initialize(SHAPE);
        for (int i = 0; i < 10; i++) {
          steps(trainer, 1);
          float[] w = model.getBlock().getParameters().valueAt(0).getArray().toFloatArray();
          for (int k = 0; k < w.length; k++) {
            assertThat(w[k] == 0f).as("step %d weight %d", i, k).isEqualTo(pruned[k] == 0f);
          }
        }
      }
    }
  }

  /** One budget, reached slowly. */
  @Sparse(
      sparsity = 0.5,
      scope = Scope.GLOBAL,
      include = {"one", "two"},
      schedule = @Schedule(kind = ScheduleKind.LINEAR, end = 0.5))
  static final class Budget extends Models.Chain {
    private final Linear one = addChildBlock("one", Linear.builder().setUnits(16).build());
    private final Linear two = addChildBlock("two", Linear.builder().setUnits(16).build());
    private final Linear head = addChildBlock("head", Linear.builder().setUnits(4).build());

    @Override
    List<Block> order() {
      return List.of(one, two, head);
    }
  }

  @Test
  void aPrunedModelWithOneBudgetTrainsOnUnderItsMasks() {
    Budget net = new Budget();
    try (Model model = Models.initialised(net, SHAPE, 78)) {
      Filigree.finish(model);
      float[] one = TrainingIT.weight(net.one);
      float[] two = TrainingIT.weight(net.two);
      assertThat(Models.zeros(one) + Models.zeros(two)).isEqualTo((16 * 48 + 16 * 16) / 2);
      try (Trainer trainer = TrainingIT.trainer(model, TrainingIT.adamWithDecay())) {
        Filigree.plannedSteps(trainer, 10);
        trainer.initialize(SHAPE);
        for (int i = 0; i < 10; i++) {
          steps(trainer, 1);
          sameZeros(TrainingIT.weight(net.one), one);
          sameZeros(TrainingIT.weight(net.two), two);
        }
      }
    }
  }

  private static void sameZeros(float[] actual, float[] expected) {
    for (int k = 0; k < actual.length; k++) {
      assertThat(actual[k] == 0f).as("weight %d", k).isEqualTo(expected[k] == 0f);
    }
  }

  @Test
  void predictorsOnOtherThreadsSeeMaskedWeightsWhileTwoTrainersWork() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(5);
    try (Model one = Models.initialised(new TrainingIT.Net(), SHAPE, 74);
        Model two = Models.initialised(new TrainingIT.Net(), SHAPE, 75)) {
      AtomicBoolean training = new AtomicBoolean(true);
      AtomicInteger answers = new AtomicInteger();
      List<Future<?>> serving = new ArrayList<>();
      for (int t = 0; t < 3; t++) {
        serving.add(pool.submit(() -> serve(one, training, answers)));
      }
      // DJL records gradients for one model at a time, so the trainers take turns.
      try (Trainer first = TrainingIT.trainer(one, TrainingIT.adamWithDecay());
          Trainer second = TrainingIT.trainer(two, TrainingIT.adamWithDecay())) {
        for (Trainer trainer : List.of(first, second)) {
          Filigree.plannedSteps(trainer, 100);
          trainer.initialize(SHAPE);
        }
        for (int i = 0; i < 200; i++) {
          steps(first, 1);
          steps(second, 1);
        }
      }
      training.set(false);
      for (Future<?> f : serving) {
        f.get();
      }
      assertThat(answers.get()).isPositive();
      for (Model model : List.of(one, two)) {
        TrainingIT.Net net = (TrainingIT.Net) model.getBlock();
        assertThat(Models.zeros(TrainingIT.weight(net.wide))).isEqualTo(64 * 38);
        assertThat(Models.zeros(TrainingIT.weight(net.next))).isEqualTo(32 * 32);
      }
    } finally {
      pool.shutdownNow();
    }
  }

  private static Void serve(Model model, AtomicBoolean training, AtomicInteger answers)
      throws Exception {
    float[] x = Models.gaussian(8 * 48, 9);
    try (Predictor<NDList, NDList> p = model.newPredictor(new NoopTranslator(null));
        NDManager manager = model.getNDManager().newSubManager()) {
      NDList in = new NDList(manager.create(x, SHAPE));
      while (training.get()) {
        try (NDList out = p.predict(in)) {
          for (float v : out.head().toFloatArray()) {
            assertThat(v).isFinite();
          }
          answers.incrementAndGet();
        }
      }
    }
    return null;
  }
}
