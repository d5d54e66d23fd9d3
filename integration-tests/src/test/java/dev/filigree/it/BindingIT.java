package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import ai.djl.training.ParameterStore;
import dev.filigree.annotations.Schedule;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Sparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.ModelSummary;
import dev.filigree.djl.PackOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Every way a layer can be reached runs packed, and a counter proves it; the results are those of
 * the masked dense layer.
 */
class BindingIT {
  private static final PackOptions SPARSE =
      PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);

  /**
   * A private final field, an alias of it, a list filled after the constructor, a map, an array and
   * a sequential member.
   */
  static final class Reached extends Models.Chain {
    @Sparse(sparsity = 0.5)
    private final Linear direct = Linear.builder().setUnits(40).build();

    private final Linear alias = direct;

    @Sparse(sparsity = 0.5)
    private final List<Linear> listed = new ArrayList<>();

    @Sparse(sparsity = 0.5)
    private final Map<String, Block> mapped = new LinkedHashMap<>();

    @Sparse(sparsity = 0.5)
    private final Linear[] array = {Linear.builder().setUnits(24).build()};

    @Sparse(sparsity = 0.5)
    private final Linear member = Linear.builder().setUnits(20).build();

    private final SequentialBlock tail = new SequentialBlock();

    Reached() {
      addChildBlock("direct", direct);
      addChildBlock("array", array[0]);
      tail.add(member).add(Activation::relu);
      addChildBlock("tail", tail);
    }

    void fill() {
      listed.add(addChildBlock("late", Linear.builder().setUnits(16).build()));
      mapped.put("x", addChildBlock("keyed", Linear.builder().setUnits(12).build()));
    }

    @Override
    List<Block> order() {
      List<Block> order = new ArrayList<>(List.of(alias, array[0], tail));
      order.addAll(listed);
      order.addAll(mapped.values());
      return order;
    }
  }

  @Test
  void everyWayToHoldALayerRunsPacked() {
    Reached block = new Reached();
    block.fill();
    try (Model model = Models.initialised(block, new Shape(1, 32), 7)) {
      Filigree.finish(model);
      float[] input = Models.gaussian(32, 1);
      float[] dense = Models.predict(model, input, new Shape(1, 32));
      Filigree.pack(model, SPARSE);
      float[] packed = Models.predict(model, input, new Shape(1, 32));
      close(packed, dense);
      ModelSummary summary = Filigree.summary(model);
      for (String path : List.of("direct", "array", "tail/Linear", "late", "keyed")) {
        LayerSummary layer = Models.layer(summary, path);
        assertThat(layer.packedForwards()).as(path).isEqualTo(1);
        assertThat(layer.sparsity()).as(path).isCloseTo(0.5, within(1e-9));
      }
    }
  }

  @Test
  void sequentialRootThroughBothForwardOverloads() {
    SequentialBlock root = new SequentialBlock();
    root.add(Linear.builder().setUnits(24).build())
        .add(Activation::relu)
        .add(Linear.builder().setUnits(8).build());
    try (Model model = Models.initialised(root, new Shape(1, 16), 3);
        NDManager manager = model.getNDManager().newSubManager()) {
      Filigree.bind(root, p -> p);
      dev.filigree.djl.bind.Declared.put(
          root.getChildren().valueAt(0),
          dev.filigree.plan.AnnotationReader.read(field("member")),
          "test");
      Filigree.pack(model, SPARSE);
      ParameterStore store = new ParameterStore(manager, false);
      NDArray x = manager.create(Models.gaussian(16, 2), new Shape(1, 16));
      float[] inference = root.forward(store, new NDList(x), false).head().toFloatArray();
      float[] labels = root.forward(store, new NDList(x), new NDList(), null).head().toFloatArray();
      close(labels, inference);
      assertThat(Models.layer(Filigree.summary(model), "01Linear").packedForwards()).isEqualTo(1);
    }
  }

  private static java.lang.reflect.Field field(String name) {
    try {
      return Reached.class.getDeclaredField(name);
    } catch (NoSuchFieldException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * The layers inside DJL's own encoder are private and not annotated; the type annotation reaches
   * them.
   */
  @Sparse(sparsity = 0.5, schedule = @Schedule(kind = ScheduleKind.ONE_SHOT))
  static final class Encoder extends Models.Chain {
    private final TransformerEncoderBlock encoder =
        addChildBlock("encoder", new TransformerEncoderBlock(128, 4, 256, 0f, Activation::relu));
    private final Linear head = addChildBlock("head", Linear.builder().setUnits(4).build());

    @Override
    List<Block> order() {
      return List.of(encoder, head);
    }
  }

  @Test
  void aLinearDeepInsideATransformerEncoderRunsPacked() {
    Encoder block = new Encoder();
    Shape shape = new Shape(2, 5, 128);
    try (Model model = Models.initialised(block, shape, 11)) {
      Filigree.finish(model);
      float[] input = Models.gaussian(2 * 5 * 128, 4);
      float[] dense = Models.predict(model, input, shape);
      ModelSummary packed = Filigree.pack(model, SPARSE);
      close(Models.predict(model, input, shape), dense);
      List<LayerSummary> inner =
          Filigree.summary(model).layers().stream()
              .filter(l -> l.path().startsWith("encoder/"))
              .toList();
      assertThat(inner).hasSizeGreaterThanOrEqualTo(6);
      assertThat(inner).allSatisfy(l -> assertThat(l.packedForwards()).as(l.path()).isPositive());
      assertThat(Models.layer(packed, "head").reason()).isEqualTo("output head");
    }
  }

  static void close(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    double scale = 0;
    for (float v : expected) {
      scale = Math.max(scale, Math.abs(v));
    }
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i])
          .as("output %d", i)
          .isCloseTo(expected[i], within(1e-4 * scale + 1e-6));
    }
  }
}
