package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.NMSparse;
import dev.filigree.annotations.Schedule;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Sparse;
import dev.filigree.annotations.Training;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.ModelSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.bind.Declared;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.FiligreeException;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which declaration reaches which layer. */
class DeclarationsIT {
  private static final PackOptions SPARSE =
      PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);

  private static Linear linear(int units) {
    return Linear.builder().setUnits(units).build();
  }

  /** Names a layer that is a child of another block. */
  static final class Borrower extends Models.Chain {
    @Sparse(sparsity = 0.75)
    private final Linear borrowed;

    private final Linear own = addChildBlock("own", linear(8));

    Borrower(Linear borrowed) {
      this.borrowed = borrowed;
    }

    Linear borrowed() {
      return borrowed;
    }

    @Override
    List<Block> order() {
      return List.of(own);
    }
  }

  @Test
  void aFieldMayNameALayerThatStandsEarlierInTheTree() {
    Linear shared = linear(16);
    SequentialBlock root = new SequentialBlock();
    Borrower borrower = new Borrower(shared);
    root.add(shared).add(borrower);
    try (Model model = Models.initialised(root, new Shape(1, 16), 61)) {
      Filigree.finish(model);
      assertThat(
              Models.zeros(
                  borrower.borrowed().getParameters().get("weight").getArray().toFloatArray()))
          .isEqualTo(16 * 12);
    }
  }

  @Test
  void twoPatternsOnOneLayerAreRefused() {
    Linear layer = linear(8);
    Declaration.Ramp ramp = new Declaration.Ramp(ScheduleKind.ONE_SHOT, 0, 1, 1, 3);
    Declared.put(
        layer,
        List.of(
            new Declaration.Weights(
                0.5,
                Granularity.UNSTRUCTURED,
                List.of(),
                Criterion.MAGNITUDE,
                Scope.DEFAULT,
                ramp,
                List.of(),
                List.of()),
            new Declaration.NM(
                2, 4, Criterion.MAGNITUDE, Training.HARD, 0, ramp, List.of(), List.of())),
        "field of the test");
    assertThatThrownBy(() -> Filigree.bind(layer))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0115");
  }

  /** A house annotation. */
  @Retention(RetentionPolicy.RUNTIME)
  @NMSparse(n = 1, m = 4, training = Training.HARD)
  @interface House {}

  /** Uses it. */
  static final class Housed extends Models.Chain {
    @House private final Linear layer = addChildBlock("layer", linear(8));

    @Override
    List<Block> order() {
      return List.of(layer);
    }
  }

  @Test
  void houseAnnotationsActAtRunTime() {
    Housed block = new Housed();
    try (Model model = Models.initialised(block, new Shape(1, 16), 62)) {
      Filigree.finish(model);
      float[] w = block.layer.getParameters().get("weight").getArray().toFloatArray();
      for (int g = 0; g < w.length; g += 4) {
        assertThat(Models.zeros(java.util.Arrays.copyOfRange(w, g, g + 4))).isEqualTo(3);
      }
    }
  }

  /** No block, but it owns layers. */
  static final class Owner {
    @Sparse(sparsity = 0.5)
    private final Linear held = linear(8);
  }

  @Sparse(sparsity = 0.25)
  static Linear made() {
    return linear(8);
  }

  @Test
  void factoriesAndOwnersThatAreNoBlocksAreSeen() {
    Linear held = new Owner().held;
    Linear made = made();
    SequentialBlock root = new SequentialBlock();
    root.add(held).add(made);
    try (Model model = Models.initialised(root, new Shape(1, 16), 63)) {
      Filigree.finish(model);
      ModelSummary summary = Filigree.summary(model);
      assertThat(summary.layers().get(0).sparsity()).isEqualTo(0.5);
      assertThat(summary.layers().get(1).sparsity()).isEqualTo(0.25);
    }
  }

  /** Everything that a declaration on a type must leave alone. */
  @Sparse(
      sparsity = 0.5,
      include = {"**", "named"})
  static final class Whole extends Models.Chain {
    private final Conv2d first =
        addChildBlock(
            "first", Conv2d.builder().setFilters(64).setKernelShape(new Shape(3, 3)).build());
    private final BatchNorm norm = addChildBlock("norm", BatchNorm.builder().build());
    private final Conv2d second =
        addChildBlock(
            "second", Conv2d.builder().setFilters(32).setKernelShape(new Shape(3, 3)).build());
    private final Block flat = addChildBlock("flat", Blocks.batchFlattenBlock());
    private final Linear named = addChildBlock("named", linear(4));
    private final Linear small = addChildBlock("small", linear(128));
    private final Linear large = addChildBlock("large", linear(128));
    private final Linear head = addChildBlock("head", linear(200));

    @Override
    List<Block> order() {
      return List.of(first, norm, second, flat, named, small, large, head);
    }
  }

  @Test
  void aTypeLeavesAloneWhatIsNotWorthIt() {
    Whole block = new Whole();
    try (Model model = Models.initialised(block, new Shape(1, 32, 7, 7), 64)) {
      Filigree.finish(model);
      ModelSummary summary = Filigree.summary(model);
      assertThat(Models.layer(summary, "first").reason()).isEqualTo("first convolution");
      assertThat(Models.layer(summary, "first").sparsity()).isZero();
      assertThat(Models.layer(summary, "second").sparsity()).isEqualTo(0.5);
      assertThat(Models.layer(summary, "named").sparsity()).isEqualTo(0.5);
      assertThat(Models.layer(summary, "small").reason()).isEqualTo("512 weights, below 10,000");
      assertThat(Models.layer(summary, "large").sparsity()).isEqualTo(0.5);
      assertThat(Models.layer(summary, "head").reason()).isEqualTo("output head");
      block
          .getParameters()
          .forEach(
              p -> {
                if (p.getValue().getType() == Parameter.Type.BIAS
                    || p.getValue().getType() == Parameter.Type.GAMMA) {
                  assertThat(Models.zeros(p.getValue().getArray().toFloatArray()))
                      .as(p.getKey())
                      .isZero();
                }
              });
    }
  }

  /** Declares for the layers below it. */
  @Sparse(
      sparsity = 0.25,
      include = {"outer", "middle/plain", "middle/own"})
  static final class Far extends Models.Chain {
    private final Linear outer = addChildBlock("outer", linear(16));
    private final Near middle = addChildBlock("middle", new Near());

    @Override
    List<Block> order() {
      return List.of(outer, middle);
    }
  }

  /** Declares nearer, and a field nearest. */
  @Sparse(
      sparsity = 0.5,
      include = {"plain", "own"})
  static final class Near extends Models.Chain {
    private final Linear plain = addChildBlock("plain", linear(16));

    @Sparse(sparsity = 0.75)
    private final Linear own = addChildBlock("own", linear(16));

    @Override
    List<Block> order() {
      return List.of(plain, own);
    }
  }

  @Test
  void theNearestDeclarationWins() {
    try (Model model = Models.initialised(new Far(), new Shape(1, 16), 65)) {
      Filigree.finish(model);
      ModelSummary summary = Filigree.summary(model);
      assertThat(Models.layer(summary, "outer").sparsity()).isEqualTo(0.25);
      assertThat(Models.layer(summary, "middle/plain").sparsity()).isEqualTo(0.5);
      assertThat(Models.layer(summary, "middle/own").sparsity()).isEqualTo(0.75);
    }
  }

  /** One weight in two layers. */
  static final class Tied extends AbstractBlock {
    @NMSparse(n = 2, m = 4)
    private final Linear layer = addChildBlock("layer", linear(16));

    private final Reader reader = addChildBlock("reader", new Reader(layer));

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      return reader.forward(store, layer.forward(store, inputs, training), training);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return layer.getOutputShapes(inputs);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
      layer.initialize(manager, type, shapes);
      reader.initialize(manager, type, shapes);
    }
  }

  /** Reads another layer's weight. */
  static final class Reader extends AbstractBlock {
    private final Parameter weight;

    Reader(Linear from) {
      weight = addParameter(from.getDirectParameters().get("weight"));
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDArray w = store.getValue(weight, inputs.head().getDevice(), training);
      return new NDList(inputs.head().matMul(w));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return inputs;
    }
  }

  @Test
  void straightThroughRefusesAWeightOfTwoBlocks() {
    try (Model model = Models.initialised(new Tied(), new Shape(1, 16), 66)) {
      assertThatThrownBy(() -> Filigree.bind(model.getBlock()))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0206");
    }
  }

  /** CATS on a gate that is no layer. */
  @ActivationSparse(
      sparsity = 0.5,
      method = ActivationMethod.CATS,
      gate = "gate",
      up = "up",
      down = "down")
  static final class CompositeGate extends Models.Chain {
    private final SequentialBlock gate =
        addChildBlock("gate", new SequentialBlock().add(linear(8)).add(Activation::relu));
    private final Linear up = addChildBlock("up", linear(8));
    private final Linear down = addChildBlock("down", linear(8));

    @Override
    List<Block> order() {
      return List.of(gate, up, down);
    }
  }

  @Test
  void catsOnACompositeIsRefused() {
    assertThatThrownBy(() -> Filigree.bind(new CompositeGate()))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0130");
  }

  /** A recurrent layer. */
  static final class Recurrent extends Models.Chain {
    @Sparse(sparsity = 0.5, schedule = @Schedule(kind = ScheduleKind.ONE_SHOT))
    private final LSTM lstm =
        addChildBlock(
            "lstm", LSTM.builder().setStateSize(8).setNumLayers(2).optBatchFirst(true).build());

    private final Linear head = addChildBlock("head", linear(4));

    @Override
    List<Block> order() {
      return List.of(lstm, head);
    }
  }

  @Test
  void recurrentLayersTrainUnderMasksPerGateRow() {
    Recurrent block = new Recurrent();
    Shape shape = new Shape(2, 3, 8);
    try (Model model = Models.initialised(block, shape, 67);
        var trainer = TrainingIT.trainer(model, TrainingIT.adamWithDecay())) {
      trainer.initialize(shape);
      for (int i = 0; i < 20; i++) {
        TrainingIT.step(
            trainer,
            Models.gaussian(48, i),
            shape,
            Models.gaussian(24, 100 + i),
            new Shape(2, 3, 4));
        int matrices = 0;
        for (Parameter p : block.lstm.getDirectParameters().values()) {
          if (p.getType() == Parameter.Type.WEIGHT) {
            matrices++;
            float[] w = p.getArray().toFloatArray();
            assertThat(w).hasSize(32 * 8);
            for (int row = 0; row < 32; row++) {
              assertThat(Models.zeros(java.util.Arrays.copyOfRange(w, row * 8, row * 8 + 8)))
                  .as("%s row %d step %d", p.getName(), row, i)
                  .isEqualTo(4);
            }
          }
        }
        assertThat(matrices).isEqualTo(4);
      }
    }
  }

  /** Grows after its first forward. */
  static final class Growing extends Models.Chain {
    @Sparse(sparsity = 0.5)
    private final List<Linear> layers = new ArrayList<>();

    Growing() {
      grow();
    }

    void grow() {
      layers.add(addChildBlock("layer", linear(16)));
    }

    @Override
    List<Block> order() {
      return List.copyOf(layers);
    }
  }

  @Test
  void layersAddedAfterTheFirstForwardAreBound() {
    Growing block = new Growing();
    Shape shape = new Shape(1, 16);
    try (Model model = Models.initialised(block, shape, 68);
        NDManager manager = model.getNDManager().newSubManager()) {
      ParameterStore store = new ParameterStore(manager, false);
      NDList x = new NDList(manager.create(Models.gaussian(16, 1), shape));
      block.forward(store, x, false);
      block.grow();
      block.layers.get(1).initialize(manager, DataType.FLOAT32, shape);
      block.forward(store, x, false);
      assertThat(dev.filigree.djl.bind.Bindings.get(block.layers.get(1)).plan()).isPresent();
      Filigree.pack(model, SPARSE);
      block.forward(store, x, false);
      assertThat(Filigree.summary(model).layers())
          .hasSize(2)
          .allSatisfy(
              l -> {
                assertThat(l.packedForwards()).isEqualTo(1);
                assertThat(l.sparsity()).isCloseTo(0.5, within(1e-9));
              });
    }
  }
}
