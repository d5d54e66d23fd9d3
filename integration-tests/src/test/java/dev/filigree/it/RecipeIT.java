package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.loss.Loss;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.NMSparse;
import dev.filigree.annotations.Schedule;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Sparse;
import dev.filigree.annotations.Training;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.ModelSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerPlan;
import dev.filigree.plan.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recipe declares for models without annotations, and above those with. */
class RecipeIT {
  private static final Shape INPUT = new Shape(2, 64);

  @TempDir private Path folder;

  /** Without any annotation. */
  static class Plain extends Models.Chain {
    final Linear wide = addChildBlock("wide", Linear.builder().setUnits(256).build());
    final Linear next = addChildBlock("next", Linear.builder().setUnits(128).build());
    final Linear third = addChildBlock("third", Linear.builder().setUnits(96).build());
    final Linear head = addChildBlock("head", Linear.builder().setUnits(8).build());

    @Override
    List<Block> order() {
      return List.of(wide, next, third, head);
    }
  }

  /** The same with annotations. */
  static final class Annotated extends Models.Chain {
    @Sparse(
        sparsity = 0.75,
        granularity = Granularity.BLOCK,
        block = {4, 1},
        scope = Scope.LAYER,
        schedule = @Schedule(kind = ScheduleKind.LINEAR, start = 0.1, end = 0.5, every = 2))
    private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(256).build());

    @NMSparse(n = 2, m = 4, training = Training.HARD)
    private final Linear next = addChildBlock("next", Linear.builder().setUnits(128).build());

    @Sparse(sparsity = 0.29)
    @ActivationSparse(sparsity = 0.5, method = ActivationMethod.WINA)
    private final Linear third = addChildBlock("third", Linear.builder().setUnits(96).build());

    private final Linear head = addChildBlock("head", Linear.builder().setUnits(8).build());

    @Override
    List<Block> order() {
      return List.of(wide, next, third, head);
    }
  }

  @AfterEach
  void noRecipe() {
    System.clearProperty(Setting.RECIPE.property());
  }

  private void recipe(String... lines) throws IOException {
    // Each in a file of its own: a file that was read is not read again.
    Path file = Files.createTempFile(folder, "r", ".yaml");
    Files.writeString(file, String.join("\n", lines));
    System.setProperty(Setting.RECIPE.property(), file.toString());
  }

  private static Map<String, LayerPlan> plans(Block root) {
    Map<String, LayerPlan> plans = new TreeMap<>();
    for (Bindings.Layer l : Bindings.bind(root).orThrow()) {
      l.binding()
          .plan()
          .ifPresent(
              p -> plans.put(l.binding().path(), new LayerPlan(p.weight(), p.activation(), "")));
    }
    return plans;
  }

  private static float[][] finished(Block root) {
    try (Model model = Models.initialised(root, INPUT, 3)) {
      Filigree.finish(model);
      return root.getParameters().values().stream()
          .map(p -> p.getArray().toFloatArray())
          .toArray(float[][]::new);
    }
  }

  @Test
  void aModelWithoutAnnotationsIsWhatTheAnnotatedOneIs() throws IOException {
    Annotated annotated = new Annotated();
    Map<String, LayerPlan> expected = plans(annotated);
    float[][] weights = finished(annotated);
    recipe(
        "layers:",
        "  - include: wide",
        "    weights:",
        "      pattern: block:4x1",
        "      sparsity: 0.75",
        "      scope: layer",
        "      schedule: {kind: linear, start: 0.1, end: 0.5, every: 2}",
        "  - include: next",
        "    weights: {n: 2, m: 4, training: hard}",
        "  - include: third",
        "    weights: magnitude:unstructured:0.29",
        "    activation: wina:0.5");
    Plain plain = new Plain();
    assertThat(plans(plain)).isEqualTo(expected).hasSize(3);
    assertThat(finished(plain)).isDeepEqualTo(weights);
  }

  @Test
  void aRecipeStandsAboveAnnotations() throws IOException {
    recipe(
        "weights: magnitude:unstructured:0.5",
        "layers:",
        "  - {include: n*, weights: none}",
        "  - {include: third, activation: none}");
    Annotated annotated = new Annotated();
    try (Model model = Models.initialised(annotated, INPUT, 3)) {
      ModelSummary summary = Filigree.bind(model.getBlock());
      assertThat(summary.layers())
          .extracting(LayerSummary::path, LayerSummary::plan)
          .containsExactly(
              tuple("wide", "unstructured 0.5"),
              tuple("next", ""),
              tuple("third", "unstructured 0.5"),
              tuple("head", ""));
      assertThat(Models.layer(summary, "next").reason())
          .startsWith("recipe ")
          .endsWith(".yaml, line 3, says none");
      // A rule for all layers leaves the head alone, as a declaration on the type does.
      assertThat(Models.layer(summary, "head").reason()).isEqualTo("output head");
      // And what a program says stands above the recipe.
      assertThat(Filigree.bind(annotated, plan -> null).bound()).isZero();
    }
  }

  @Test
  void reluOfARecipeIsForBlocksThatDeclareIt() throws IOException {
    recipe(
        "activation: {method: relu, threshold: 0.01, lambda: [0, 0.05, 0.2], end: [0.2, 0.6, 1]}");
    assertThat(Filigree.bind(new RegularisedTraining.Regularised(false)).layers())
        .extracting(LayerSummary::path, LayerSummary::plan)
        .containsExactly(
            tuple("w1", "relu above 0.01 (lambda 0.0, 0.05, 0.2)"),
            tuple("w3", "relu above 0.01 (lambda 0.0, 0.05, 0.2)"),
            tuple("w2", "relu above 0.01 (lambda 0.0, 0.05, 0.2)"));
    assertThat(plans(new Plain())).as("others").isEmpty();
    recipe("activation: relu");
    assertThat(Filigree.bind(new RegularisedTraining.Regularised(false)).layers())
        .extracting(LayerSummary::plan)
        .containsExactly("relu", "relu", "relu");
  }

  @Test
  void aLayerThatIsNamedIsTakenWhateverTheDefaults() throws IOException {
    recipe("layers:", "  - {include: head, weights: magnitude:unstructured:0.5}");
    assertThat(plans(new Plain())).containsOnlyKeys("head");
  }

  @Test
  void layersTrainAsTheRecipeSays() throws IOException {
    recipe(
        "layers:",
        "  - include: [wide, next]",
        "    weights: {sparsity: 0.75, schedule: {kind: one-shot, start: 0}}");
    Plain plain = new Plain();
    try (Model model = Models.initialised(plain, INPUT, 5);
        var trainer = model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()))) {
      trainer.initialize(INPUT);
      try (var gradients = trainer.newGradientCollector()) {
        var x = trainer.getManager().ones(INPUT);
        var out = trainer.forward(new NDList(x));
        gradients.backward(out.head().square().sum());
      }
      trainer.step();
      for (Linear layer : List.of(plain.wide, plain.next, plain.third)) {
        float[] w = layer.getParameters().get("weight").getArray().toFloatArray();
        long expected = layer == plain.third ? 0 : w.length * 3L / 4;
        assertThat(Models.zeros(w)).isEqualTo(expected);
      }
    }
  }

  @Test
  void methodsThatNeedInputsWaitForThem() throws IOException {
    recipe("layers:", "  - {include: wide, weights: wanda:2:4}");
    try (Model model = Models.initialised(new Plain(), INPUT, 1)) {
      assertThatThrownBy(() -> Filigree.pack(model, PackOptions.defaults()))
          .isInstanceOf(FiligreeException.class)
          .hasMessageStartingWith("FIL-0220: wide: criterion = WANDA needs calibration data");
    }
  }

  @Test
  void whatCannotBeUsedIsSaidWithItsPlace() throws IOException {
    refused(
        "FIL-0842: ",
        ", line 2, column 21: weights has no key \"sparcity\"",
        "layers:",
        "  - weights: {n: 2, sparcity: 4}");
    refused(
        "FIL-0846: ",
        ", line 1: activation cats does not go with a DJL model, which does not say what gate, up and down are.",
        "activation: cats:0.5");
    refused(
        "FIL-0846: ",
        ", line 3: activation teal-greedy does not go with a DJL model, which does not say what gate, up and down are. Declare it by @ActivationSparse on the block type.",
        "layers:",
        "  - {include: next, activation: teal:0.5}",
        "  - {include: third, activation: teal-greedy:0.5}");
    refused(
        "FIL-0846: ",
        ", line 2: activation relu does not go with a DJL model, which does not say what gate, up and down are.",
        "layers:",
        "  - {include: next, activation: relu}");
    refused(
        "FIL-0846: ",
        ", line 1, column 28: lambda does not go with activation teal, as it is for relu only. Remove it.",
        "activation: {method: teal, lambda: 1, sparsity: 0.5}");
    refused(
        "FIL-0110: ",
        "lambda is -1.0; it must be finite and at least 0.",
        "activation: {method: relu, lambda: [0, -1]}");
    refused(
        "FIL-0846: ",
        ", line 1: activation coreinfer does not go with a DJL model, which does not say what gate, up and down are. Declare it by @ActivationSparse on the block type.",
        "activation: coreinfer:0.5");
    refused(
        "FIL-0846: ",
        ": values does not go with a DJL model, whose program says it. Remove it.",
        "values: bf16");
    refused(
        "FIL-0202: ",
        "next: m = 3 does not divide its 256 inputs",
        "layers:",
        "  - {include: next, weights: magnitude:1:3}");
    System.setProperty(Setting.RECIPE.property(), folder.resolve("none.yaml").toString());
    assertThatThrownBy(() -> Filigree.bind(new Plain()))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("none.yaml: cannot be read: there is no such file.");
  }

  @Test
  void aMethodOfSingleLayersNeedsNoDeclaration() throws IOException {
    recipe("layers:", "  - {include: next, activation: r-sparse:0.5}");
    try (Model model = Models.initialised(new Plain(), INPUT, 1)) {
      assertThat(Models.layer(Filigree.bind(model.getBlock()), "next").plan())
          .isEqualTo("r-sparse 0.5");
    }
  }

  private void refused(String tag, String text, String... lines) throws IOException {
    recipe(lines);
    Plain plain = new Plain();
    try (Model model = Models.initialised(plain, INPUT, 1)) {
      assertThatThrownBy(() -> Filigree.bind(model.getBlock()))
          .isInstanceOf(FiligreeException.class)
          .hasMessageStartingWith("FIL-0218: ")
          .hasMessageContaining(tag)
          .hasMessageContaining(text);
    }
  }
}
