package dev.filigree.djl.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Training;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.Nets;
import dev.filigree.djl.SharedData;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.bind.Declared;
import dev.filigree.plan.Declaration;
import java.io.Reader;
import java.nio.file.Files;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** SR-STE against the golden training steps, and what must hold of any straight-through run. */
class SrSteTest {

  @Test
  void goldenSteps() throws Exception {
    JsonObject golden;
    try (Reader r = Files.newBufferedReader(SharedData.fixture("training_steps.json"))) {
      golden = JsonParser.parseReader(r).getAsJsonObject().getAsJsonObject("sr_ste");
    }
    for (JsonElement e : golden.getAsJsonArray("cases")) {
      oneStep(golden, e.getAsJsonObject());
    }
  }

  private static void oneStep(JsonObject golden, JsonObject c) {
    List<String> nm = List.of(c.get("pattern").getAsString().split(":", -1));
    int n = Integer.parseInt(nm.get(0));
    int m = Integer.parseInt(nm.get(1));
    double lambda = c.get("lam").getAsDouble();
    Linear linear = Linear.builder().setUnits(16).build();
    Declared.put(
        linear,
        List.of(
            new Declaration.NM(
                n,
                m,
                Criterion.MAGNITUDE,
                Training.SR_STE,
                lambda,
                new Declaration.Ramp(ScheduleKind.CONSTANT, 0, 1, 1, 3),
                List.of(),
                List.of())),
        "the golden case");
    Optimizer sgd =
        Optimizer.sgd().setLearningRateTracker(Tracker.fixed(c.get("lr").getAsFloat())).build();
    try (Model model = Nets.model("golden", linear)) {
      NDManager manager = model.getNDManager();
      linear.initialize(manager, ai.djl.ndarray.types.DataType.FLOAT32, new Shape(24, 32));
      Weights.write(linear.getParameters().get("weight").getArray(), floats(golden, "W"));
      Weights.write(linear.getParameters().get("bias").getArray(), floats(golden, "b"));
      try (Trainer trainer =
              Filigree.newTrainer(
                  model, new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(sgd));
          NDArray x = manager.create(floats(golden, "X"), new Shape(24, 32));
          NDArray y = manager.create(floats(golden, "Y"), new Shape(24, 16))) {
        assertThat(Bindings.get(linear).plan()).isPresent();
        assertThat(Bindings.get(linear).latent()).isNotNull();
        try (GradientCollector collector = trainer.newGradientCollector()) {
          NDArray loss = trainer.forward(new NDList(x)).head().sub(y).square().mean();
          collector.backward(loss);
          assertThat((double) loss.getFloat())
              .isCloseTo(c.get("loss").getAsDouble(), Offset.offset(1e-5));
        }
        trainer.step();
        float[] w = linear.getParameters().get("weight").getArray().toFloatArray();
        float[] expected = floats(c, "W_after").array();
        for (int i = 0; i < w.length; i++) {
          assertThat((double) w[i])
              .as("weight %d of %s", i, c.get("pattern"))
              .isCloseTo(expected[i], Offset.offset(1e-6));
        }
        NDArray after = trainer.evaluate(new NDList(x)).head().sub(y).square().mean();
        assertThat((double) after.getFloat())
            .isCloseTo(c.get("loss_after").getAsDouble(), Offset.offset(1e-5));
        Filigree.finish(model);
        float[] finished = linear.getParameters().get("weight").getArray().toFloatArray();
        String mask = rows(c.getAsJsonArray("mask_after"));
        for (int i = 0; i < finished.length; i++) {
          assertThat(finished[i] != 0f).as("mask at %d", i).isEqualTo(mask.charAt(i) == '1');
        }
      }
    }
  }

  private static java.nio.FloatBuffer floats(JsonObject o, String key) {
    java.util.List<Float> out = new java.util.ArrayList<>();
    flatten(o.get(key), out);
    float[] a = new float[out.size()];
    for (int i = 0; i < a.length; i++) {
      a[i] = out.get(i);
    }
    return java.nio.FloatBuffer.wrap(a);
  }

  private static void flatten(JsonElement e, java.util.List<Float> out) {
    if (e.isJsonArray()) {
      e.getAsJsonArray().forEach(v -> flatten(v, out));
    } else {
      out.add(e.getAsFloat());
    }
  }

  private static String rows(JsonArray rows) {
    StringBuilder s = new StringBuilder();
    rows.forEach(r -> s.append(r.getAsString()));
    return s.toString();
  }

  @Test
  void layersWithoutBiasTrain() {
    Linear linear = Linear.builder().setUnits(16).optBias(false).build();
    Declared.put(
        linear,
        List.of(
            new Declaration.NM(
                2,
                4,
                Criterion.MAGNITUDE,
                Training.SR_STE,
                2e-4,
                new Declaration.Ramp(ScheduleKind.CONSTANT, 0, 1, 1, 3),
                List.of(),
                List.of())),
        "a layer without bias");
    try (Model model = Nets.model("m", linear);
        Trainer trainer = Filigree.newTrainer(model, new DefaultTrainingConfig(Loss.l2Loss()))) {
      trainer.initialize(new Shape(4, 32));
      NDArray x = model.getNDManager().ones(new Shape(4, 32));
      try (GradientCollector collector = trainer.newGradientCollector()) {
        collector.backward(trainer.forward(new NDList(x)).head().square().mean());
      }
      trainer.step();
      Filigree.finish(model);
      int zeros = 0;
      for (float w : linear.getParameters().get("weight").getArray().toFloatArray()) {
        zeros += w == 0 ? 1 : 0;
      }
      assertThat(zeros).isEqualTo(16 * 16);
    }
  }

  @Test
  void evaluationSeesMaskedWeightsWhileTheParameterIsLatent() {
    Nets.Annotated block = new Nets.Annotated();
    try (Model model = Nets.model("m", block);
        Trainer trainer = Filigree.newTrainer(model, new DefaultTrainingConfig(Loss.l2Loss()))) {
      trainer.initialize(new Shape(8, 48));
      NDManager manager = model.getNDManager();
      try (NDArray x = manager.randomNormal(new Shape(8, 48));
          NDArray y = manager.randomNormal(new Shape(8, 4))) {
        for (int i = 0; i < 3; i++) {
          Nets.step(trainer, x, y);
        }
        float[] latent = block.next().getParameters().get("weight").getArray().toFloatArray();
        assertThat(HardMaskTest.zeros(latent)).isZero();
        float[] evaluated = trainer.evaluate(new NDList(x)).head().toFloatArray();
        Filigree.finish(model);
        float[] w = block.next().getParameters().get("weight").getArray().toFloatArray();
        assertThat(HardMaskTest.zeros(w)).isEqualTo(32 * 32);
        assertThat(trainer.evaluate(new NDList(x)).head().toFloatArray())
            .containsExactly(evaluated);
      }
    }
  }

  @Test
  void fiveHundredStepsLeaveTheNumberOfManagedArraysFlat() {
    Nets.Annotated block = new Nets.Annotated();
    try (Model model = Nets.model("m", block);
        Trainer trainer = Filigree.newTrainer(model, new DefaultTrainingConfig(Loss.l2Loss()))) {
      trainer.initialize(new Shape(8, 48));
      try (NDManager data = model.getNDManager().newSubManager()) {
        NDArray x = data.randomNormal(new Shape(8, 48));
        NDArray y = data.randomNormal(new Shape(8, 4));
        for (int i = 0; i < 20; i++) {
          scopedStep(trainer, x, y);
        }
        int before =
            model.getNDManager().getManagedArrays().size()
                + trainer.getManager().getManagedArrays().size();
        for (int i = 0; i < 500; i++) {
          scopedStep(trainer, x, y);
        }
        int after =
            model.getNDManager().getManagedArrays().size()
                + trainer.getManager().getManagedArrays().size();
        assertThat(after).isLessThanOrEqualTo(before + 2);
      }
    }
  }

  private static void scopedStep(Trainer trainer, NDArray x, NDArray y) {
    try (NDManager scope = trainer.getManager().newSubManager()) {
      NDArray xs = x.duplicate();
      xs.attach(scope);
      NDArray ys = y.duplicate();
      ys.attach(scope);
      Nets.step(trainer, xs, ys);
    }
  }
}
