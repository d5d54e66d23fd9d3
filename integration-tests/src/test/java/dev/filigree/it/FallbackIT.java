package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoopTranslator;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.PackOptions;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever the input is, a packed model does what the dense one does: the same answer or refusal.
 */
class FallbackIT {
  private static final PackOptions SPARSE =
      PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);
  private static final int IN = 32;

  private static Map<String, Function<NDManager, NDArray>> inputs() {
    Map<String, Function<NDManager, NDArray>> all = new LinkedHashMap<>();
    all.put("one row", m -> m.create(Models.gaussian(IN, 1), new Shape(1, IN)));
    all.put("no batch", m -> m.create(Models.gaussian(IN, 2), new Shape(IN)));
    all.put("3-D", m -> m.create(Models.gaussian(6 * IN, 3), new Shape(2, 3, IN)));
    all.put(
        "transposed view",
        m -> m.create(Models.gaussian(6 * IN, 4), new Shape(2, IN, 3)).transpose(0, 2, 1));
    all.put("strided view", m -> m.create(Models.gaussian(8 * IN, 5), new Shape(8, IN)).get("::2"));
    all.put("empty batch", m -> m.create(new Shape(0, IN), DataType.FLOAT32));
    all.put("wrong last dimension", m -> m.create(Models.gaussian(31, 6), new Shape(1, 31)));
    all.put(
        "double",
        m -> m.create(Models.gaussian(IN, 7), new Shape(1, IN)).toType(DataType.FLOAT64, true));
    all.put("integers", m -> m.ones(new Shape(1, IN), DataType.INT32));
    all.put("half", m -> m.ones(new Shape(1, IN), DataType.FLOAT16));
    return all;
  }

  /** What came out; both null where the input was refused. */
  private static final class Outcome {
    private final Shape shape;
    private final float[] values;

    Outcome(Shape shape, float[] values) {
      this.shape = shape;
      this.values = values;
    }

    void like(Outcome other, String name) {
      assertThat(shape).as(name).isEqualTo(other.shape);
      if (shape != null) {
        BindingIT.close(values, other.values);
      }
    }
  }

  private static Outcome outcome(Model model, Function<NDManager, NDArray> input) {
    try (Predictor<NDList, NDList> p = model.newPredictor(new NoopTranslator(null));
        NDManager manager = model.getNDManager().newSubManager()) {
      try (NDList out = p.predict(new NDList(input.apply(manager)))) {
        return new Outcome(out.head().getShape(), out.head().toFloatArray());
      }
    } catch (Exception e) {
      return new Outcome(null, null);
    }
  }

  @Test
  void packedInMemory() {
    try (Model model = Models.initialised(new ServingIT.Net(), new Shape(1, IN), 41)) {
      Filigree.finish(model);
      Map<String, Outcome> dense = new LinkedHashMap<>();
      inputs().forEach((name, input) -> dense.put(name, outcome(model, input)));
      Filigree.pack(model, SPARSE);
      inputs().forEach((name, input) -> outcome(model, input).like(dense.get(name), name));
      assertThat(Models.layer(Filigree.summary(model), "wide").packedForwards()).isEqualTo(5);
    }
  }

  @Test
  void packedFromAFile(@TempDir Path dir) {
    Path file = dir.resolve("net.safetensors");
    Map<String, Outcome> dense = new LinkedHashMap<>();
    try (Model model = Models.initialised(new ServingIT.Net(), new Shape(1, IN), 42)) {
      Filigree.finish(model);
      inputs().forEach((name, input) -> dense.put(name, outcome(model, input)));
      Filigree.save(model, file);
    }
    try (Model model = Model.newInstance("again", "PyTorch")) {
      model.setBlock(new ServingIT.Net());
      Filigree.load(model, file);
      inputs().forEach((name, input) -> outcome(model, input).like(dense.get(name), name));
    }
  }

  @Test
  void notANumberShowsInTheResult() {
    try (Model model = Models.initialised(new ServingIT.Net(), new Shape(1, IN), 43)) {
      Filigree.pack(model, SPARSE);
      float[] x = Models.gaussian(IN, 8);
      x[3] = Float.NaN;
      assertThat(Models.predict(model, x, new Shape(1, IN))).contains(Float.NaN);
    }
    try (Model model = Models.initialised(new ActivationIT.Wina(), new Shape(1, 96), 44)) {
      float[] x = Models.gaussian(96, 9);
      x[3] = Float.NaN;
      assertThat(Models.predict(model, x, new Shape(1, 96))).contains(Float.NaN);
    }
  }
}
