package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.util.PairList;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.annotations.NMSparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.block.SharedInput;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.RemainderRule;
import dev.filigree.djl.train.Weights;
import dev.filigree.file.DType;
import dev.filigree.file.DenseEntry;
import dev.filigree.file.Entry;
import dev.filigree.file.Inspection;
import dev.filigree.file.PackedFile;
import dev.filigree.file.Packing;
import dev.filigree.file.Progress;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.Tensor;
import dev.filigree.pack.Remainder;
import dev.filigree.plan.ActivationPlan;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Setting;
import dev.filigree.plan.SparsityCount;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Skipped inputs go through factors of low rank: Zhang et al., "R-Sparse" (2025). */
class RSparseIT {
  private static final PackOptions SPARSE =
      PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);
  private static final String WAITING = "activation threshold not calibrated";
  private static final int IN = 48;
  private static final int OUT = 40;
  private static final int ROWS = 60; // all of them are searched with

  abstract static class Net extends Models.Chain {
    abstract Linear layer();

    @Override
    List<Block> order() {
      return List.of(layer());
    }
  }

  static class One extends Net {
    @ActivationSparse(sparsity = 0.5, method = ActivationMethod.R_SPARSE)
    private final Linear layer = addChildBlock("layer", Linear.builder().setUnits(OUT).build());

    @Override
    Linear layer() {
      return layer;
    }
  }

  /** Its zeros are written by {@code finish}, or hidden while it trains. */
  static final class Masked extends Net {
    @NMSparse(n = 2, m = 4)
    @ActivationSparse(sparsity = 0.8, method = ActivationMethod.R_SPARSE)
    private final Linear own = addChildBlock("own", Linear.builder().setUnits(OUT).build());

    @Override
    Linear layer() {
      return own;
    }
  }

  /** The same layer under another method. */
  static final class Teal extends Models.Chain {
    @ActivationSparse(sparsity = 0.5)
    private final Linear layer = addChildBlock("layer", Linear.builder().setUnits(OUT).build());

    @Override
    List<Block> order() {
      return List.of(layer);
    }
  }

  private static <N extends Net> Model model(N net, long seed) {
    Model model = Models.initialised(net, new Shape(1, IN), seed);
    // Random weights have no directions that matter; trained ones do.
    float[] w = weight(net);
    float[] a = Models.gaussian(2 * OUT, seed + 1);
    float[] b = Models.gaussian(2 * IN, seed + 2);
    for (int i = 0; i < w.length; i++) {
      for (int k = 0; k < 2; k++) {
        w[i] += (0.3f - 0.1f * k) * a[k * OUT + i / IN] * b[k * IN + i % IN];
      }
    }
    Weights.write(array(net), FloatBuffer.wrap(w));
    return model;
  }

  private static NDArray array(Net net) {
    return net.layer().getParameters().get("weight").getArray();
  }

  private static float[] weight(Net net) {
    return array(net).toFloatArray();
  }

  private static void replace(Net net, Model model, float factor) {
    float[] w = weight(net);
    for (int i = 0; i < w.length; i++) {
      w[i] *= factor;
    }
    Parameter parameter = net.layer().getParameters().get("weight");
    parameter.close();
    parameter.setShape(null);
    parameter.setArray(model.getNDManager().create(w, new Shape(OUT, IN)));
  }

  private static void calibrate(Model model, float[] x) {
    try (NDManager manager = model.getNDManager().newSubManager()) {
      int half = x.length / IN / 2 * IN;
      Filigree.calibrate(
          model,
          List.of(
              new NDList(manager.create(Arrays.copyOf(x, half), new Shape(half / IN, IN))),
              new NDList(
                  manager.create(
                      Arrays.copyOfRange(x, half, x.length),
                      new Shape(1, (x.length - half) / IN, IN)))));
    }
  }

  private static float[] predict(Model model, float[] x) {
    return Models.predict(model, x, new Shape(x.length / IN, IN));
  }

  private static RemainderRule rule(Net net) {
    return (RemainderRule) ((LayerServing) Bindings.get(net.layer()).serving()).rule();
  }

  private static void sparsity(Net net, double wanted) {
    Filigree.bind(
        net, p -> p.withActivation(new ActivationPlan(ActivationMethod.R_SPARSE, wanted)));
  }

  /** The paper's definition, in double, by singular values from rotations of pairs of columns. */
  private static final class Reference {
    private final double[][] w; // [outputs][inputs]
    private final double[] bias;
    private final double[] norms = new double[IN];
    // Column k of W V, and of V, the largest singular value first.
    private final double[][] scaled;
    private final double[][] right;

    Reference(float[] weight, float[] bias) {
      w = new double[OUT][IN];
      for (int i = 0; i < weight.length; i++) {
        w[i / IN][i % IN] = weight[i];
      }
      this.bias = IntStream.range(0, OUT).mapToDouble(i -> bias[i]).toArray();
      double[][] a = new double[IN][OUT];
      double[][] v = new double[IN][IN];
      for (int i = 0; i < IN; i++) {
        v[i][i] = 1;
        for (int r = 0; r < OUT; r++) {
          a[i][r] = w[r][i];
        }
        norms[i] = Math.sqrt(dot(a[i], a[i]));
      }
      for (int sweep = 0; sweep < 60; sweep++) {
        for (int i = 0; i < IN; i++) {
          for (int j = i + 1; j < IN; j++) {
            double off = dot(a[i], a[j]);
            if (Math.abs(off) > 1e-18) {
              double angle = 0.5 * Math.atan2(2 * off, dot(a[i], a[i]) - dot(a[j], a[j]));
              rotate(a[i], a[j], angle);
              rotate(v[i], v[j], angle);
            }
          }
        }
      }
      int[] order =
          IntStream.range(0, IN)
              .boxed()
              .sorted((i, j) -> Double.compare(dot(a[j], a[j]), dot(a[i], a[i])))
              .mapToInt(i -> i)
              .toArray();
      scaled = Arrays.stream(order).mapToObj(k -> a[k]).toArray(double[][]::new);
      right = Arrays.stream(order).mapToObj(k -> v[k]).toArray(double[][]::new);
    }

    Reference(Net net) {
      this(weight(net), net.layer().getParameters().get("bias").getArray().toFloatArray());
    }

    private static void rotate(double[] x, double[] y, double angle) {
      double c = Math.cos(angle);
      double s = Math.sin(angle);
      for (int i = 0; i < x.length; i++) {
        double old = x[i];
        x[i] = c * old + s * y[i];
        y[i] = c * y[i] - s * old;
      }
    }

    private static double dot(double[] x, double[] y) {
      return IntStream.range(0, x.length).mapToDouble(i -> x[i] * y[i]).sum();
    }

    /** W_r z. */
    private double[] low(int rank, double[] z) {
      double[] y = new double[OUT];
      for (int k = 0; k < rank; k++) {
        double inner = dot(right[k], z);
        for (int r = 0; r < OUT; r++) {
          y[r] += scaled[k][r] * inner;
        }
      }
      return y;
    }

    private boolean skips(int i, float x, double threshold) {
      return Math.abs(x) * (float) norms[i] <= threshold;
    }

    float[] outputs(float[] x, double threshold, int rank) {
      float[] y = new float[x.length / IN * OUT];
      for (int t = 0; t < x.length / IN; t++) {
        double[] kept = new double[IN];
        double[] rest = new double[IN];
        for (int i = 0; i < IN; i++) {
          float v = x[t * IN + i];
          (skips(i, v, threshold) ? rest : kept)[i] = v;
        }
        double[] added = low(rank, rest);
        for (int r = 0; r < OUT; r++) {
          y[t * OUT + r] = (float) (dot(w[r], kept) + added[r] + bias[r]);
        }
      }
      return y;
    }

    /** Of the choices that read no more than the share 1 - s of the weights, the closest one. */
    Choice search(float[] x, double sparsity) {
      float[] scores = new float[x.length];
      for (int i = 0; i < x.length; i++) {
        scores[i] = Math.abs(x[i]) * (float) norms[i % IN];
      }
      Arrays.sort(scores);
      float[] dense = outputs(x, -1, 0);
      Choice best = null;
      for (double share : new double[] {1, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1}) {
        int kept = (int) (IN * (1 - sparsity) * share + 1e-9);
        double left = IN * OUT * (1 - sparsity) - kept * OUT;
        int rank = Math.min((int) (left / (IN + OUT)), Math.min(IN, OUT));
        double skipped = 1 - (double) kept / IN;
        double threshold =
            kept == 0
                ? Double.MAX_VALUE
                : kept == IN ? -1 : scores[(int) SparsityCount.rank(x.length, skipped) - 1];
        double error = distance(outputs(x, threshold, rank), dense);
        if (best == null || error < best.error * (1 - 1e-9)) {
          best = new Choice(kept, rank, threshold, error);
        }
      }
      return best;
    }

    record Choice(int kept, int rank, double threshold, double error) {}
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
    }
    return sum;
  }

  private static void isWhatItSays(Model model, Net net, Reference reference) {
    RemainderRule rule = rule(net);
    double t = rule.threshold().orElseThrow();
    for (int rows : new int[] {1, 9}) {
      float[] x = Models.gaussian(rows * IN, 100 + rows);
      BindingIT.close(predict(model, x), reference.outputs(x, t, rule.remainder().rank()));
    }
  }

  @Test
  void choosesAndComputesByTheDefinition() {
    boolean ranks = false;
    for (long seed = 1; seed <= 4; seed++) {
      for (double wanted : new double[] {0, 0.3, 0.5, 0.8}) {
        Net net = new One();
        try (Model model = model(net, 100 * seed)) {
          sparsity(net, wanted);
          float[] x = Models.gaussian(ROWS * IN, seed);
          calibrate(model, x);
          Reference reference = new Reference(net);
          Reference.Choice expected = reference.search(x, wanted);
          Remainder found = rule(net).remainder();
          String what = "seed " + seed + ", " + wanted;
          assertThat(found.kept()).as(what).isEqualTo(expected.kept());
          assertThat(found.rank()).as(what).isEqualTo(expected.rank());
          double t = rule(net).threshold().orElseThrow();
          if (wanted > 0) {
            assertThat(t).as(what).isCloseTo(expected.threshold(), within(1e-5));
          }
          ranks |= found.rank() > 0;
          isWhatItSays(model, net, reference);
        }
      }
    }
    assertThat(ranks).isTrue();
  }

  /** Dense, packed in all its forms, one row and many: sums in another order, nothing else. */
  @Test
  void isTheSamePackedOrNot() {
    long seed = new Random().nextInt(1_000_000);
    for (int draw = 0; draw < 5; draw++, seed++) {
      System.out.println("R_SPARSE packed or not, seed " + seed);
      double wanted = 0.1 + 0.8 * new SplittableRandom(seed).nextDouble();
      Net net = new One();
      try (Model model = model(net, seed)) {
        sparsity(net, wanted);
        calibrate(model, Models.gaussian(ROWS * IN, seed + 5));
        Reference reference = new Reference(net);
        isWhatItSays(model, net, reference);
        assertThat(Models.layer(Filigree.pack(model, SPARSE), "layer").format())
            .isEqualTo("columns");
        isWhatItSays(model, net, reference);
        Remainder factors = rule(net).remainder();
        assertThat(Models.layer(Filigree.summary(model), "layer").packedBytes())
            .isGreaterThanOrEqualTo(4L * (IN * OUT + factors.rank() * (IN + OUT)));
        PackOptions dense = PackOptions.defaults().withMode(PackOptions.Mode.DENSE);
        Filigree.pack(model, dense);
        isWhatItSays(model, net, reference);
        // Bfloat16 has 8 bits of every weight and of every factor.
        Filigree.pack(model, SPARSE.withPrecision(PackOptions.Precision.BF16));
        RemainderRule rule = rule(net);
        float[] x = Models.gaussian(9 * IN, seed);
        float[] expected =
            reference.outputs(x, rule.threshold().orElseThrow(), rule.remainder().rank());
        assertThat(distance(predict(model, x), expected))
            .as("seed %s", seed)
            .isPositive()
            .isLessThan(1e-4 * distance(expected, new float[expected.length]));
      }
    }
  }

  @Test
  void readsWhatTheSparsityLeaves() {
    Net net = new One();
    try (Model model = model(net, 7)) {
      float[] x = Models.gaussian(ROWS * IN, 8);
      float[] dense = predict(model, x);
      assertThat(Models.layer(Filigree.pack(model, SPARSE), "layer").reason()).isEqualTo(WAITING);
      assertThat(Models.layer(Filigree.summary(model), "layer").plan()).isEqualTo("r-sparse 0.5");
      assertThat(predict(model, x)).containsExactly(dense);
      calibrate(model, x);
      Remainder r = rule(net).remainder();
      assertThat(r.rank()).isPositive();
      assertThat(r.kept() * OUT + r.rank() * (IN + OUT))
          .isLessThanOrEqualTo(IN * OUT / 2)
          .isGreaterThan(IN * OUT / 2 - IN - 2 * OUT);
      float[] found = predict(model, x);
      // These are the inputs of the calibration.
      LayerSummary layer = Models.layer(Filigree.summary(model), "layer");
      assertThat(layer.activationSparsity()).isCloseTo(1 - r.kept() / (double) IN, within(1e-3));
      assertThat(layer.reason()).isEqualTo("not packed");
      assertThat(distance(found, dense))
          .isPositive()
          .isLessThan(
              distance(
                  new Reference(net).outputs(x, rule(net).threshold().orElseThrow(), 0), dense));
    }
  }

  @Test
  void theGateMeasuresItWithItsFactors() {
    Net net = new One();
    try (Model model = model(net, 9)) {
      calibrate(model, Models.gaussian(ROWS * IN, 8));
      Reference reference = new Reference(net);
      PackOptions options = new PackOptions(List.of(1), PackOptions.Mode.AUTO);
      LayerSummary layer = Models.layer(Filigree.pack(model, options), "layer");
      assertThat(layer.verdicts()).hasSize(1);
      assertThat(layer.verdicts().get(0).measuredMicros()).containsKey("columns");
      float[] x = Models.gaussian(IN, 101);
      float[] found = predict(model, x);
      // Where the gate leaves the layer to DJL nothing is skipped.
      boolean dense = layer.verdicts().get(0).chosen().equals("dense");
      RemainderRule rule = rule(net);
      float[] expected =
          dense
              ? reference.outputs(x, -1, 0)
              : reference.outputs(x, rule.threshold().orElseThrow(), rule.remainder().rank());
      BindingIT.close(found, expected);
    }
  }

  @Test
  void threadsShareIt() {
    Net net = new One();
    try (Model model = model(net, 10)) {
      calibrate(model, Models.gaussian(ROWS * IN, 8));
      for (boolean packed : new boolean[] {false, true}) {
        if (packed) {
          Filigree.pack(model, SPARSE);
        }
        List<float[]> inputs = new ArrayList<>();
        List<float[]> expected = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
          inputs.add(Models.gaussian((1 + i % 5) * IN, 200 + i));
          expected.add(predict(model, inputs.get(i)));
        }
        List<float[]> found =
            IntStream.range(0, 64).parallel().mapToObj(i -> predict(model, inputs.get(i))).toList();
        for (int i = 0; i < 64; i++) {
          BindingIT.close(found.get(i), expected.get(i));
        }
      }
    }
  }

  @Test
  void comesBackFromAFile(@TempDir Path folder) {
    Path file = folder.resolve("net.safetensors");
    Path again = folder.resolve("again.safetensors");
    Net net = new One();
    Reference reference;
    Remainder saved;
    double threshold;
    try (Model model = model(net, 11)) {
      calibrate(model, Models.gaussian(ROWS * IN, 8));
      reference = new Reference(net);
      saved = rule(net).remainder();
      threshold = rule(net).threshold().orElseThrow();
      Filigree.save(model, file);
    }
    for (Path from : List.of(file, again)) {
      Net loaded = new One();
      try (Model model = Model.newInstance("loaded", "PyTorch")) {
        model.setBlock(loaded);
        Filigree.load(model, from);
        RemainderRule rule = rule(loaded);
        assertThat(rule.threshold()).hasValue(threshold);
        assertThat(rule.remainder().kept()).isEqualTo(saved.kept());
        assertThat(rule.remainder().norms()).containsExactly(saved.norms());
        assertThat(rule.remainder().in()).containsExactly(saved.in());
        assertThat(rule.remainder().out()).containsExactly(saved.out());
        isWhatItSays(model, loaded, reference);
        Filigree.save(model, again);
        Filigree.pack(model, SPARSE);
        isWhatItSays(model, loaded, reference);
      }
    }
    assertThat(Inspection.of(file, Progress.SILENT).tensors())
        .extracting(Inspection.Row::name)
        .hasSize(2)
        .noneMatch(n -> n.contains("remainder"));
    Path plain = folder.resolve("plain.safetensors");
    Packing.strip(file, plain, Progress.SILENT);
    assertThat(SafetensorsFile.open(plain).tensors()).hasSize(2);
    // Another method is declared now, whose threshold is none of scores.
    try (Model model = Model.newInstance("teal", "PyTorch")) {
      model.setBlock(new Teal());
      assertThat(Models.layer(Filigree.load(model, file), "layer").reason()).isEqualTo(WAITING);
    }
  }

  @Test
  void aThresholdOfAnotherMethodIsNotTaken(@TempDir Path folder) {
    Path file = folder.resolve("teal.safetensors");
    try (Model model = Models.initialised(new Teal(), new Shape(1, IN), 12)) {
      calibrate(model, Models.gaussian(ROWS * IN, 8));
      Filigree.save(model, file);
    }
    try (Model model = Model.newInstance("net", "PyTorch")) {
      model.setBlock(new One());
      assertThat(Models.layer(Filigree.load(model, file), "layer").reason()).isEqualTo(WAITING);
    }
  }

  @Test
  void whatDoesNotFitInAFileIsRefused(@TempDir Path folder) {
    Path file = folder.resolve("net.safetensors");
    Net net = new One();
    try (Model model = model(net, 13)) {
      calibrate(model, Models.gaussian(ROWS * IN, 8));
      Filigree.save(model, file);
    }
    String broken = "FIL-0415: .*: its description as a packed file is broken: ";
    for (String part : List.of("norms", "in", "out")) {
      String text = broken + ".*\\." + part + " is missing or does not fit its weight\\. .*";
      refused(file, folder, part, t -> null, Map.of(), text);
      refused(file, folder, part, t -> shaped(t, DType.F32), Map.of(), text);
      refused(file, folder, part, t -> shaped(t, DType.I32), Map.of(), text);
      refused(file, folder, part, RSparseIT::infinite, Map.of(), text);
    }
    UnaryOperator<Tensor> same = t -> t;
    refused(
        file,
        folder,
        "in",
        same,
        Map.of("kept.layer", "1e3"),
        broken + "kept\\.layer is \"1e3\"\\. .*");
    refused(
        file,
        folder,
        "in",
        same,
        Map.of("kept.layer", "49"),
        broken + "kept\\.layer is 49 of 48 inputs\\. .*");
    refused(
        file,
        folder,
        "in",
        same,
        Map.of("threshold.layer", "much"),
        broken + "threshold\\.layer is \"much\"\\. .*");
  }

  private static Tensor shaped(Tensor t, DType type) {
    long[] shape = type == DType.F32 ? new long[] {t.bytes() / 4, 1, 1} : t.shape();
    return Tensor.of(t.name(), type, shape, t.data());
  }

  private static Tensor infinite(Tensor t) {
    ByteBuffer copy = ByteBuffer.allocate((int) t.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    copy.put(t.data()).flip();
    copy.putFloat(0, Float.NEGATIVE_INFINITY);
    return Tensor.of(t.name(), t.dtype(), t.shape(), copy);
  }

  /** The digest of the changed file is its own. */
  private static void refused(
      Path file,
      Path folder,
      String part,
      UnaryOperator<Tensor> change,
      Map<String, String> metadata,
      String text) {
    PackedFile read = PackedFile.open(file);
    List<Entry> entries = new ArrayList<>();
    int changed = 0;
    for (Entry e : read.entries()) {
      if (e instanceof DenseEntry d && e.name().endsWith("." + part)) {
        changed++;
        Tensor t = change.apply(d.tensor());
        if (t != null) {
          entries.add(new DenseEntry(t));
        }
      } else {
        entries.add(e);
      }
    }
    assertThat(changed).isEqualTo(1);
    Map<String, String> all = new LinkedHashMap<>(read.metadata());
    assertThat(all.keySet()).containsAll(metadata.keySet());
    all.putAll(metadata);
    Path other = folder.resolve("other.safetensors");
    PackedFile.write(other, entries, all);
    Net net = new One();
    try (Model model = model(net, 14)) {
      float[] x = Models.gaussian(IN, 5);
      float[] before = predict(model, x);
      assertThatThrownBy(() -> Filigree.load(model, other))
          .isInstanceOf(FiligreeException.class)
          .hasMessageMatching(text);
      assertThat(predict(model, x)).as("nothing was changed").containsExactly(before);
    }
  }

  @Test
  void aChangedWeightHasNoRemainder() {
    float[] x = Models.gaussian(3 * IN, 5);
    for (String how : List.of("step", "edit", "other array", "edit, packed")) {
      Net net = new One();
      try (Model model = model(net, 15)) {
        calibrate(model, Models.gaussian(ROWS * IN, 8));
        if (how.endsWith("packed")) {
          Filigree.pack(model, SPARSE);
        }
        float[] before = predict(model, x);
        switch (how) {
          case "step" -> {
            Shape shape = new Shape(3, IN);
            try (Trainer trainer = TrainingIT.trainer(model, TrainingIT.adamWithDecay())) {
              trainer.initialize(shape);
              float[] y = Models.gaussian(3 * OUT, 2);
              TrainingIT.step(trainer, x, shape, y, new Shape(3, OUT));
            }
          }
          case "other array" -> replace(net, model, 2);
          default -> array(net).stopGradient().muli(2);
        }
        float[] dense = new Reference(net).outputs(x, -1, 0);
        assertThat(dense).as(how).isNotEqualTo(before);
        BindingIT.close(predict(model, x), dense);
        assertThat(Models.layer(Filigree.summary(model), "layer").reason()).isEqualTo(WAITING);
        calibrate(model, Models.gaussian(ROWS * IN, 8));
        isWhatItSays(model, net, new Reference(net));
      }
    }
  }

  /** Also without a new predictor. */
  @Test
  void anEditIsNoticedByASample() throws TranslateException {
    One net = new One();
    System.setProperty(Setting.CHECK_EVERY.property(), "2");
    try (Model model = model(net, 23);
        NDManager manager = model.getNDManager().newSubManager();
        Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator(null))) {
      calibrate(model, Models.gaussian(ROWS * IN, 8));
      float[] x = Models.gaussian(IN, 5);
      NDList input = new NDList(manager.create(x, new Shape(1, IN)));
      predictor.predict(input).close();
      array(net).stopGradient().muli(2);
      predictor.predict(input).close();
      try (NDList out = predictor.predict(input)) {
        float[] dense = new Reference(net).outputs(x, -1, 0);
        BindingIT.close(out.head().toFloatArray(), dense);
      }
    } finally {
      System.clearProperty(Setting.CHECK_EVERY.property());
    }
  }

  /** The same values in another array are the same weight. */
  @Test
  void aCopyOfTheWeightKeepsIt() {
    Net net = new One();
    try (Model model = model(net, 16)) {
      calibrate(model, Models.gaussian(ROWS * IN, 8));
      RemainderRule rule = rule(net);
      replace(net, model, 1);
      isWhatItSays(model, net, new Reference(net));
      assertThat(rule(net)).isSameAs(rule);
    }
  }

  @Test
  void zerosAreWrittenFirst() {
    Masked net = new Masked();
    try (Model model = model(net, 17)) {
      float[] sample = Models.gaussian(ROWS * IN, 8);
      calibrate(model, sample);
      // Only now the weights are as declared.
      assertThat(Models.layer(Filigree.pack(model, SPARSE), "own").reason()).isEmpty();
      assertThat(Models.zeros(weight(net))).isEqualTo(IN * OUT / 2);
      float[] x = Models.gaussian(2 * IN, 5);
      BindingIT.close(predict(model, x), new Reference(net).outputs(x, -1, 0));
      calibrate(model, sample);
      Reference reference = new Reference(net);
      assertThat(rule(net).remainder().rank()).isEqualTo(reference.search(sample, 0.8).rank());
      isWhatItSays(model, net, reference);
      assertThat(Models.layer(Filigree.pack(model, SPARSE), "own").format()).isNotEqualTo("dense");
      isWhatItSays(model, net, reference);
    }
  }

  /** What a forward pass sees of weights that train straight-through is what is written later. */
  @Test
  void latentWeightsAreSeenMasked(@TempDir Path folder) {
    Masked net = new Masked();
    Shape shape = new Shape(8, IN);
    Path file = folder.resolve("masked.safetensors");
    Reference reference;
    try (Model model = model(net, 18)) {
      RemainderRule rule;
      try (Trainer trainer = TrainingIT.trainer(model, TrainingIT.adamWithDecay())) {
        trainer.initialize(shape);
        float[] y = Models.gaussian(8 * OUT, 2);
        TrainingIT.step(trainer, Models.gaussian(8 * IN, 1), shape, y, new Shape(8, OUT));
        calibrate(model, Models.gaussian(ROWS * IN, 8));
        assertThat(Models.zeros(weight(net))).as("latent").isLessThan(IN * OUT / 4);
        rule = rule(net);
        predict(model, Models.gaussian(IN, 5));
        assertThat(rule(net)).as("while it is latent").isSameAs(rule);
      }
      assertThat(Models.zeros(weight(net))).isEqualTo(IN * OUT / 2);
      reference = new Reference(net);
      isWhatItSays(model, net, reference);
      Filigree.pack(model, SPARSE);
      assertThat(rule(net)).isSameAs(rule);
      isWhatItSays(model, net, reference);
      Filigree.save(model, file);
    }
    Masked loaded = new Masked();
    try (Model model = Model.newInstance("masked", "PyTorch")) {
      model.setBlock(loaded);
      Filigree.load(model, file);
      assertThat(PackedFile.open(file).entries())
          .extracting(Entry::name)
          .anyMatch(n -> n.startsWith("filigree.remainder.") && n.endsWith(".in"));
      isWhatItSays(model, loaded, reference);
    }
  }

  /** Says what it is, but nothing fused adds what factors make of skipped inputs. */
  static final class Shared extends One implements SharedInput {
    @Override
    public List<Block> projections() {
      return List.of(layer());
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      return layer().forward(store, inputs, training);
    }
  }

  @Test
  void runsLayerByLayerInABlockThatCouldBeFused() {
    Shared net = new Shared();
    try (Model model = model(net, 19)) {
      calibrate(model, Models.gaussian(ROWS * IN, 8));
      assertThat(Models.layer(Filigree.pack(model, SPARSE), "layer").format()).isEqualTo("columns");
      isWhatItSays(model, net, new Reference(net));
    }
  }

  /** What a subclass computes of its weights is not known. */
  static final class Own extends Net {
    @ActivationSparse(sparsity = 0.5, method = ActivationMethod.R_SPARSE)
    private final Linear own = addChildBlock("own", new Twice());

    @Override
    Linear layer() {
      return own;
    }
  }

  static final class Twice extends Linear {
    Twice() {
      super(Linear.builder().setUnits(OUT));
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      return new NDList(super.forwardInternal(store, inputs, training, params).head().mul(2));
    }
  }

  @Test
  void aForwardOfItsOwnIsLeftDense() {
    Own net = new Own();
    try (Model model = model(net, 20)) {
      float[] x = Models.gaussian(3 * IN, 5);
      float[] dense = predict(model, x);
      sparsity(net, 0.5);
      calibrate(model, Models.gaussian(ROWS * IN, 8));
      assertThat(predict(model, x)).containsExactly(dense);
      assertThat(Models.layer(Filigree.summary(model), "own").reason())
          .isEqualTo("a subclass of Linear has a forward of its own");
    }
  }

  @Test
  void anInputOfAnotherWidthIsLeftToDjl() {
    One net = new One();
    try (Model model = model(net, 22)) {
      String[] said = new String[2];
      for (int i = 0; i < 2; i++) {
        try {
          Models.predict(model, new float[IN - 1], new Shape(1, IN - 1));
        } catch (RuntimeException e) {
          said[i] = String.valueOf(e.getClass()) + e.getCause();
        }
        calibrate(model, Models.gaussian(ROWS * IN, 8));
      }
      assertThat(said[1]).isNotNull().isEqualTo(said[0]);
    }
  }

  @Test
  void weightsThatAreNotFiniteAreRefused() {
    Net net = new One();
    try (Model model = model(net, 21)) {
      float[] w = weight(net);
      w[5] = Float.POSITIVE_INFINITY;
      Weights.write(array(net), FloatBuffer.wrap(w));
      float[] x = new float[2 * ROWS * IN];
      assertThatThrownBy(() -> calibrate(model, x))
          .isInstanceOf(FiligreeException.class)
          .hasMessageStartingWith("FIL-0320: ");
    }
  }
}
