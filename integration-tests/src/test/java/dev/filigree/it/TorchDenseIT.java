package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.filigree.annotations.Sparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.PackOptions.Memory;
import dev.filigree.djl.PackOptions.Mode;
import dev.filigree.djl.PackOptions.Precision;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.WeightForm;
import dev.filigree.djl.torch.TorchDense;
import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Scanner;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * libtorch's dense product in bfloat16: what it computes, that the gate serves it, that it goes.
 */
class TorchDenseIT {
  private static final String CACHE = "filigree.gate.cache";
  private static final int COLS = 300;
  private static final int ROWS = 130;

  /** Weight, input and output are rounded to 8 binary digits each; a little for their products. */
  private static final double ROUNDING = 1.0 / 128;

  @TempDir Path folder;

  /** One bound layer; slow as a whole unless a packed operator answered. */
  static final class Net extends Models.Chain {
    @Sparse(sparsity = 0.5)
    private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(ROWS).build());

    private long seen;

    @Override
    List<Block> order() {
      return List.of(wide);
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDList out = super.forwardInternal(store, inputs, training, params);
      long forwards = Bindings.get(wide) == null ? 0 : Bindings.get(wide).packedForwards().sum();
      if (forwards == seen) {
        long end = System.nanoTime() + 2_000_000;
        while (System.nanoTime() - end < 0) {
          Thread.onSpinWait();
        }
      }
      seen = forwards;
      return out;
    }
  }

  @AfterEach
  void testsRememberNothing() {
    System.setProperty(CACHE, "off");
  }

  @Test
  void everyOutputIsWithinTheRoundingOfItsTerms() {
    long seed = new Random().nextLong();
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      float[] w = Models.gaussian(ROWS * COLS, seed);
      float[] b = Models.gaussian(ROWS, seed + 1);
      NDArray weight = manager.create(w, new Shape(ROWS, COLS));
      for (float[] bias : new float[][] {b, null}) {
        for (int copies : new int[] {1, 3}) {
          try (TorchDense dense =
              TorchDense.of(weight, bias == null ? null : manager.create(bias), copies)) {
            assertThat(dense.bytes()).isEqualTo(2L * ROWS * COLS);
            for (int batch : new int[] {1, 2, 7, 64}) {
              float[] x = Models.gaussian(batch * COLS, seed + batch);
              NDArray y = multiply(dense, manager.create(x, new Shape(batch, COLS)));
              assertThat(y.getShape()).isEqualTo(new Shape(batch, ROWS));
              isRounded(y.toFloatArray(), w, bias, x, "seed " + seed + ", batch " + batch);
            }
          }
        }
      }
    }
  }

  @Test
  void shapesAndNamesOfInputsMayBeAnything() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TorchDense dense =
            TorchDense.of(manager.create(Models.gaussian(6, 1), new Shape(2, 3)), null, 1)) {
      NDArray flat = manager.create(Models.gaussian(24, 2), new Shape(8, 3));
      float[] expected = multiply(dense, flat).toFloatArray();
      NDArray deep = flat.reshape(2, 4, 3);
      for (String name : new String[] {"x", "a.b", "a[]", "a()", "module_method:add"}) {
        deep.setName(name);
        NDArray y = multiply(dense, deep);
        assertThat(y.getShape()).isEqualTo(new Shape(2, 4, 2));
        assertThat(y.toFloatArray()).as(name).isEqualTo(expected);
      }
    }
  }

  @Test
  void threadsGetWhatOneThreadGets() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray weight = manager.create(Models.gaussian(ROWS * COLS, 3), new Shape(ROWS, COLS));
      TorchDense dense = TorchDense.of(weight, null, 1);
      List<Future<Integer>> calls = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        float[] x = Models.gaussian(COLS, 10 + t);
        float[] expected = multiply(dense, manager.create(x, new Shape(1, COLS))).toFloatArray();
        calls.add(
            pool.submit(
                () -> {
                  int same = 0;
                  for (int i = 0; i < 200; i++) {
                    try (NDManager own = NDManager.newBaseManager("PyTorch")) {
                      NDArray y = multiply(dense, own.create(x, new Shape(1, COLS)));
                      same += Arrays.equals(y.toFloatArray(), expected) ? 1 : 0;
                    }
                  }
                  return same;
                }));
      }
      for (Future<Integer> call : calls) {
        assertThat(call.get()).isEqualTo(200);
      }
    } finally {
      pool.shutdown();
    }
  }

  @Test
  void aClosedOneIsAnError() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      TorchDense dense =
          TorchDense.of(manager.create(Models.gaussian(6, 1), new Shape(2, 3)), null, 1);
      dense.close();
      dense.close();
      assertThat(dense.isClosed()).isTrue();
      NDArray x = manager.create(new float[3], new Shape(1, 3));
      assertThat(dense.tryMultiply(new ParameterStore(manager, false), x)).isNull();
      assertThatThrownBy(() -> multiply(dense, x))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0865")
          .hasMessageContaining("2 x 3");
    }
  }

  @Test
  void memoryGoesWithCloseWithTheWeightAndWithTheCollector() throws Exception {
    assumeThat(Files.isReadable(Path.of("/proc/self/statm")))
        .as("resident memory is read from /proc")
        .isTrue();
    Shape shape = new Shape(4096, 2048);
    long one = 2 * shape.size();
    List<String> ways = List.of("close", "manager", "collector");
    for (String way : ways) {
      long start = 0;
      for (int i = 0; i < 36; i++) {
        if (i == 4) {
          start = resident();
        }
        try (NDManager outer = NDManager.newBaseManager("PyTorch")) {
          NDManager owner = way.equals("collector") ? OWNER : outer;
          NDArray weight = owner.zeros(shape);
          TorchDense dense = TorchDense.of(weight, null, 1);
          if (way.equals("close")) {
            dense.close();
          }
          weight.attach(outer);
        }
        if (way.equals("collector")) {
          System.gc();
          Thread.sleep(20);
        }
      }
      assertThat(resident() - start).as("by %s", way).isLessThan(10 * one);
    }
  }

  private static final NDManager OWNER = NDManager.newBaseManager("PyTorch");

  private static long resident() throws IOException {
    try (Scanner numbers = new Scanner(Path.of("/proc/self/statm"), StandardCharsets.US_ASCII)) {
      numbers.nextLong();
      return 4096 * numbers.nextLong();
    }
  }

  @Test
  void theGateMeasuresItWherePrecisionAllows() {
    PackOptions f32 =
        new PackOptions(List.of(1, 64), Mode.AUTO)
            .withCache(PackOptions.Cache.OFF)
            .withPrecision(Precision.F32);
    try (Model model = Models.initialised(new Net(), new Shape(1, COLS), 4)) {
      for (LayerSummary.Verdict v : pack(model, f32).verdicts()) {
        assertThat(v.measuredMicros()).containsKeys("dense", "csr", "dense-java");
        assertThat(v.measuredMicros()).doesNotContainKey(TorchDense.NAME);
      }
      for (LayerSummary.Verdict v : pack(model, f32.withPrecision(Precision.BF16)).verdicts()) {
        assertThat(v.measuredMicros().get(TorchDense.NAME)).isPositive();
        assertThat(v.measuredMicros()).containsKeys("dense-java-bf16", "csr-bf16");
      }
    }
  }

  @Test
  void whatTheGateChoseServesAndIsFreedWithTheLayer() throws Exception {
    Path file = folder.resolve("gate.json");
    System.setProperty(CACHE, file.toString());
    PackOptions options =
        new PackOptions(List.of(1, 64), Mode.AUTO)
            .withMemory(Memory.SMALL)
            .withPrecision(Precision.BF16);
    Shape shape = new Shape(3, COLS);
    float[] x = Models.gaussian(3 * COLS, 6);
    Net net = new Net();
    Model model = Models.initialised(net, shape, 5);
    pack(model, options);
    Filigree.unpack(model);
    float[] dense = Models.predict(model, x, shape);
    // As on a machine where libtorch in bfloat16 is the fastest.
    String verdicts = Files.readString(file);
    assertThat(verdicts).contains(TorchDense.NAME);
    Files.writeString(
        file, verdicts.replaceAll("(\"chosen\"): \"[^\"]*\"", "$1: \"" + TorchDense.NAME + "\""));

    LayerSummary layer = pack(model, options);
    assertThat(layer.format()).isEqualTo(TorchDense.NAME);
    assertThat(layer.packedBytes()).isEqualTo(2L * ROWS * COLS);
    assertThat(layer.verdicts()).allSatisfy(v -> assertThat(v.chosen()).isEqualTo(TorchDense.NAME));
    long before = layer.packedForwards();
    float[] rounded = Models.predict(model, x, shape);
    assertThat(Models.layer(Filigree.summary(model), "wide").packedForwards())
        .isEqualTo(before + 1);
    assertThat(rounded).isNotEqualTo(dense);
    float[] w = net.wide.getParameters().get("weight").getArray().toFloatArray();
    float[] b = net.wide.getParameters().get("bias").getArray().toFloatArray();
    isRounded(rounded, w, b, x, "served");

    // Saved in float32, as its parameter is.
    Path saved = folder.resolve("model.safetensors");
    Filigree.save(model, saved);
    assertThat(Files.size(saved)).isGreaterThan(2L * ROWS * COLS);

    TorchDense first = serving(net);
    Filigree.unpack(model);
    assertThat(first.isClosed()).isTrue();
    assertThat(Models.predict(model, x, shape)).isEqualTo(dense);

    pack(model, options);
    TorchDense second = serving(net);
    net.wide.getParameters().get("weight").getArray().muli(2);
    Models.predict(model, x, shape);
    assertThat(second.isClosed()).as("edited weights are served no more").isTrue();

    pack(model, options);
    TorchDense third = serving(net);
    model.close();
    assertThat(third.isClosed()).isTrue();
  }

  private static TorchDense serving(Net net) {
    LayerServing serving = (LayerServing) Bindings.get(net.wide).serving();
    return ((WeightForm.Torch) serving.packed().forms().iterator().next()).product();
  }

  private static LayerSummary pack(Model model, PackOptions options) {
    return Models.layer(Filigree.pack(model, options), "wide");
  }

  private static NDArray multiply(TorchDense dense, NDArray x) {
    return dense.multiply(new ParameterStore(x.getManager(), false), x);
  }

  private static void isRounded(float[] y, float[] w, float[] bias, float[] x, String what) {
    assertThat(y).hasSize(x.length / COLS * ROWS);
    for (int i = 0; i < y.length; i++) {
      int row = i % ROWS;
      double sum = bias == null ? 0 : bias[row];
      double terms = Math.abs(sum);
      for (int c = 0; c < COLS; c++) {
        double term = (double) w[row * COLS + c] * x[i / ROWS * COLS + c];
        sum += term;
        terms += Math.abs(term);
      }
      assertThat(Math.abs(y[i] - sum))
          .as("%s, output %d", what, i)
          .isLessThanOrEqualTo(ROUNDING * terms);
    }
  }
}
