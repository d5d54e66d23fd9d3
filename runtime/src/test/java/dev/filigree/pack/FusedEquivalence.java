package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.calibrate.ActiveInputs;
import dev.filigree.kernel.Activation;
import dev.filigree.kernel.Execution;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.Kernels;
import dev.filigree.kernel.ReferenceKernels;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Fused operations on every set of kernels against their definition, computed here in double. */
abstract class FusedEquivalence {
  private static final double EPS = 0x1p-24;
  private static final List<ValueType> TYPES = List.of(ValueType.values());
  private static final List<Activation> ACTIVATIONS = List.of(Activation.values());
  private static Workers two;

  @BeforeAll
  static void startWorkers() {
    two = new Workers(2);
  }

  @AfterAll
  static void endWorkers() {
    two.close();
  }

  private static List<Kernels> kernels() {
    return List.of(KernelSelection.current(), KernelSelection.plain(), new ReferenceKernels());
  }

  /** New inputs every time; {@code -Dfiligree.test.seed} repeats a failure. */
  private static long seed() {
    return Long.getLong("filigree.test.seed", System.nanoTime());
  }

  @Test
  void activationsStayWithinTheStatedError() {
    long seed = seed();
    Random random = new Random(seed);
    int n = 100_003;
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      double magnitude = Math.exp(3 * random.nextGaussian());
      x[i] =
          i % 2 == 0 ? -20 + 40 * random.nextFloat() : (float) (random.nextGaussian() * magnitude);
    }
    float[] special = {0f, -0f, 1e-40f, -1e-40f, 88.8f, -88.8f, -103f, -104f, -120f, 1e30f, -1e30f};
    System.arraycopy(special, 0, x, 100, special.length);
    float[] u = Samples.gaussian(random, n);
    for (Activation f : Activation.values()) {
      double relative = f == Activation.GELU ? 0x1p-20 : f == Activation.SILU ? 0x1p-21 : 0;
      for (Kernels kernels : kernels()) {
        ByteBuffer y = Samples.misaligned(x);
        ByteBuffer h = Samples.misaligned(new float[n + 3]);
        kernels.activations().gate(f, y, 0, Samples.direct(u), 0, h, 3, n);
        kernels.activations().apply(f, y, 0, n);
        for (int i = 0; i < n; i++) {
          double exact = f.of(x[i]);
          String what = "seed " + seed + " " + kernels.name() + " " + f + " of " + x[i];
          near(what, y.getFloat(4 * i), exact, (relative + EPS) * Math.abs(exact) + 0x1p-140);
          double bound =
              (relative + 2 * EPS) * Math.abs(exact * u[i]) + 0x1p-140 * (1 + Math.abs(u[i]));
          near(what + " times " + u[i], h.getFloat(4 * (i + 3)), exact * u[i], bound);
        }
      }
    }
  }

  @Test
  void activationsOfWhatIsNotFinite() {
    for (Kernels kernels : kernels()) {
      for (Activation f : Activation.values()) {
        ByteBuffer y = Samples.direct(new float[] {Float.NaN, Float.POSITIVE_INFINITY, 7f});
        kernels.activations().apply(f, y, 0, 2);
        assertThat(Samples.array(y))
            .as(kernels.name() + " " + f)
            .containsExactly(Float.NaN, Float.POSITIVE_INFINITY, 7f);
      }
    }
  }

  @Test
  void bitsOfAnActivationDoNotDependOnTheRange() {
    Random random = new Random(9);
    float[] x = Samples.gaussian(random, 75);
    for (Kernels kernels : kernels()) {
      for (Activation f : Activation.values()) {
        ByteBuffer all = Samples.direct(x);
        kernels.activations().apply(f, all, 0, 75);
        ByteBuffer pieces = Samples.direct(x);
        for (int at = 0; at < 75; at += 5) {
          kernels.activations().apply(f, pieces, at, at + 5);
        }
        assertThat(Samples.array(pieces)).isEqualTo(Samples.array(all));
      }
    }
  }

  @Test
  void everyFormatWithBiasAndActivation() {
    long seed = seed();
    Random random = new Random(seed);
    for (int batch : new int[] {1, 3, 4, 17}) {
      int rows = 1 + random.nextInt(70);
      int cols = 1 + random.nextInt(90);
      float[] w = Samples.weights(random, Samples.Pattern.UNIFORM, rows, cols, 0.5);
      float[] bias = Samples.gaussian(random, rows);
      float[] x = Samples.gaussian(random, batch * cols);
      for (Samples.Stored stored : Samples.stored()) {
        StoredMatrix<?> matrix = stored.pack(w, rows, cols);
        float[] rounded = Samples.unpack(matrix);
        for (Activation f : Activation.values()) {
          for (Kernels kernels : kernels()) {
            ByteBuffer y = Samples.direct(new float[batch * rows]);
            Execution on = new Execution(kernels, two);
            matrix.multiply(on, Samples.direct(x), batch, Samples.direct(bias), f, y);
            Values z = linear(rounded, bias, rows, cols, x, batch);
            Values expected = z.map(f);
            expected.check("seed " + seed + " " + stored + " " + f + " " + kernels.name(), y);
          }
        }
      }
    }
  }

  @Test
  void gatedFeedForward() {
    long seed = seed();
    Random random = new Random(seed);
    for (int i = 0; i < 24; i++) {
      Block b = new Block(random, TYPES.get(i % 3), i % 2 == 0);
      int batch = i < 8 ? 1 : 1 + random.nextInt(9);
      float[] x = Samples.gaussian(random, batch * b.inputs);
      for (GatedFeedForward.Layout layout : GatedFeedForward.Layout.values()) {
        for (Kernels kernels : kernels()) {
          String what = "seed " + seed + " " + b + " " + layout + " " + kernels.name();
          try (GatedFeedForward packed = b.pack(layout)) {
            Execution on = new Execution(kernels, two);
            ByteBuffer y = Samples.direct(filled(batch * b.outputs));
            packed.multiply(on, Samples.misaligned(x), batch, y);
            b.expected(packed, x, batch, null, null, null, -1).check(what, y);
          }
        }
      }
    }
  }

  /** CATS; no gate is so close to the threshold that rounding decides. */
  @Test
  void gatedUnitsAreSkipped() {
    long seed = seed();
    Random random = new Random(seed);
    for (int i = 0; i < 24; i++) {
      Block b = new Block(random, TYPES.get(i % 3), i % 2 == 0);
      int batch = i < 12 ? 1 : 1 + random.nextInt(9);
      float[] x = Samples.gaussian(random, batch * b.inputs);
      try (GatedFeedForward packed = b.pack(GatedFeedForward.Layout.BY_OUTPUTS)) {
        float[] magnitudes = b.gate(packed, x, batch).magnitudes();
        float threshold = b.threshold(magnitudes, random.nextDouble());
        long kept =
            IntStream.range(0, magnitudes.length).filter(k -> magnitudes[k] > threshold).count();
        for (Kernels kernels : kernels()) {
          String what = "seed " + seed + " " + b + " above " + threshold + " " + kernels.name();
          ByteBuffer y = Samples.direct(filled(batch * b.outputs));
          Execution on = new Execution(kernels, two);
          long counted = packed.multiplyGated(on, Samples.misaligned(x), batch, threshold, y);
          assertThat(counted).as(what).isEqualTo(kept);
          b.expected(packed, x, batch, null, null, null, threshold).check(what, y);
        }
      }
    }
  }

  /** CHESS: every hidden unit has a threshold of its own. */
  @Test
  void gatedUnitsAreSkippedByTheirOwnThresholds() {
    long seed = seed();
    Random random = new Random(seed);
    for (int i = 0; i < 24; i++) {
      Block b = new Block(random, TYPES.get(i % 3), i % 2 == 0);
      int batch = i < 12 ? 1 : 1 + random.nextInt(9);
      float[] x = Samples.gaussian(random, batch * b.inputs);
      try (GatedFeedForward packed = b.pack(GatedFeedForward.Layout.BY_OUTPUTS)) {
        float[] magnitudes = b.gate(packed, x, batch).magnitudes();
        float[] thresholds = b.thresholds(magnitudes, batch);
        long kept =
            IntStream.range(0, magnitudes.length)
                .filter(k -> magnitudes[k] > thresholds[k % b.hidden])
                .count();
        for (Kernels kernels : kernels()) {
          String what = "seed " + seed + " " + b + " by unit " + kernels.name();
          ByteBuffer y = Samples.direct(filled(batch * b.outputs));
          Execution on = new Execution(kernels, two);
          long counted = packed.multiplyGated(on, Samples.misaligned(x), batch, thresholds, y);
          assertThat(counted).as(what).isEqualTo(kept);
          b.expected(packed, x, batch, above(thresholds)).check(what, y);
        }
      }
    }
  }

  /** Where all thresholds are equal, it is CATS. */
  @Test
  void equalThresholdsAreOneThreshold() {
    Random random = new Random(14);
    Block b = new Block(random, ValueType.F32, 300, 700, 90);
    float[] thresholds = new float[b.hidden];
    Arrays.fill(thresholds, 0.7f);
    for (int batch : new int[] {1, 3, 7}) {
      float[] x = Samples.gaussian(random, batch * b.inputs);
      try (GatedFeedForward packed = b.pack(GatedFeedForward.Layout.BY_OUTPUTS)) {
        ByteBuffer one = Samples.direct(filled(batch * b.outputs));
        ByteBuffer each = Samples.direct(filled(batch * b.outputs));
        long kept = packed.multiplyGated(Samples.direct(x), batch, 0.7f, one);
        assertThat(packed.multiplyGated(Samples.direct(x), batch, thresholds, each))
            .isEqualTo(kept)
            .isBetween(1L, (long) batch * b.hidden - 1);
        assertThat(Samples.array(each)).isEqualTo(Samples.array(one));
      }
    }
  }

  /** CoreInfer: a list says which hidden units are used. */
  @Test
  void onlyListedUnitsAreUsed() {
    long seed = seed();
    Random random = new Random(seed);
    for (int i = 0; i < 24; i++) {
      Block b = new Block(random, TYPES.get(i % 3), i % 2 == 0);
      int batch = i < 12 ? 1 + i % 3 : 1 + random.nextInt(9);
      float[] x = Samples.gaussian(random, batch * b.inputs);
      double share = i % 5 == 0 ? i % 2 : random.nextDouble(); // all and none as well
      int[] units = IntStream.range(0, b.hidden).filter(k -> random.nextDouble() < share).toArray();
      int[] longer = Arrays.copyOf(units, units.length + 2);
      InputRule listed =
          (v, offset, n, active) -> {
            System.arraycopy(units, 0, active, 0, units.length);
            return units.length;
          };
      try (GatedFeedForward packed = b.pack(GatedFeedForward.Layout.BY_OUTPUTS)) {
        for (Kernels kernels : kernels()) {
          String what = "seed " + seed + " " + b + " " + units.length + " " + kernels.name();
          ByteBuffer y = Samples.direct(filled(batch * b.outputs));
          Execution on = new Execution(kernels, two);
          packed.multiplyUnits(on, Samples.misaligned(x), batch, longer, units.length, y);
          b.expected(packed, x, batch, null, null, listed, -1).check(what, y);
        }
      }
    }
  }

  /** What is added between the products acts like biases. */
  @Test
  void gateAndUpCanBeChanged() {
    Random random = new Random(16);
    Block b = new Block(random, ValueType.F32, 30, 40, 9);
    while (b.upBias == null) {
      b = new Block(random, ValueType.F32, 30, 40, 9);
    }
    int hidden = b.hidden;
    for (int batch : new int[] {1, 3, 300}) {
      float[] x = Samples.gaussian(random, batch * b.inputs);
      InputRule rule = above(0.3f);
      int[] rows = {0};
      ByteBuffer y = Samples.direct(filled(batch * b.outputs));
      try (GatedFeedForward packed = b.pack(GatedFeedForward.Layout.BY_INPUTS)) {
        packed.multiplyActive(
            Samples.direct(x),
            batch,
            rule,
            above(0.5f),
            null,
            (both, count) -> {
              for (int i = 0; i < count * 2 * hidden; i++) {
                float add = i % (2 * hidden) < hidden ? 0.25f : -0.5f;
                both.putFloat(4 * i, both.getFloat(4 * i) + add);
              }
              rows[0] += count;
            },
            y);
      }
      assertThat(rows[0]).isEqualTo(batch);
      for (int i = 0; i < hidden; i++) {
        b.gateBias[i] += 0.25f;
        b.upBias[i] -= 0.5f;
      }
      try (GatedFeedForward packed = b.pack(GatedFeedForward.Layout.BY_INPUTS)) {
        b.expected(packed, x, batch, rule, above(0.5f), null, -1).check("batch " + batch, y);
      }
      for (int i = 0; i < hidden; i++) {
        b.gateBias[i] -= 0.25f;
        b.upBias[i] += 0.5f;
      }
    }
  }

  @Test
  void unitsThatDoNotExistAreRefused() {
    Block b = new Block(new Random(3), ValueType.F32, 5, 7, 4);
    ByteBuffer x = Samples.direct(new float[5]);
    ByteBuffer y = Samples.direct(new float[4]);
    try (GatedFeedForward byOutputs = b.pack(GatedFeedForward.Layout.BY_OUTPUTS);
        GatedFeedForward byInputs = b.pack(GatedFeedForward.Layout.BY_INPUTS)) {
      assertThatThrownBy(() -> byOutputs.multiplyUnits(x, 1, new int[] {0, 7}, 2, y))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0313");
      assertThatThrownBy(() -> byOutputs.multiplyUnits(x, 1, new int[] {0}, 2, y))
          .hasMessageContaining("FIL-0313");
      assertThatThrownBy(() -> byInputs.multiplyUnits(x, 1, new int[] {0}, 1, y))
          .hasMessageContaining("FIL-0351");
    }
  }

  /** What an observer sees is what down gets, of every row in order. */
  @Test
  void hiddenUnitsCanBeSeen() {
    Random random = new Random(15);
    Block b = new Block(random, ValueType.F32, 30, 40, 9);
    int batch = 300; // more than are computed at a time
    float[] x = Samples.gaussian(random, batch * b.inputs);
    for (GatedFeedForward.Layout layout : GatedFeedForward.Layout.values()) {
      try (GatedFeedForward packed = b.pack(layout)) {
        float[] seen = new float[batch * b.hidden];
        int[] rows = {0};
        ByteBuffer y = Samples.direct(filled(batch * b.outputs));
        packed.multiply(
            Samples.direct(x),
            batch,
            y,
            (values, count) -> {
              values.get(0, seen, rows[0] * b.hidden, count * b.hidden);
              rows[0] += count;
            });
        assertThat(rows[0]).isEqualTo(batch);
        b.hidden(packed, x, batch, null, null).check("hidden " + layout, Samples.direct(seen));
        ByteBuffer plain = Samples.direct(filled(batch * b.outputs));
        packed.multiply(Samples.direct(x), batch, plain);
        assertThat(Samples.array(y)).isEqualTo(Samples.array(plain));
      }
    }
  }

  /** TEAL, and WINA with another choice for gate and up. */
  @Test
  void inputsAreSkipped() {
    long seed = seed();
    Random random = new Random(seed);
    for (int i = 0; i < 24; i++) {
      Block b = new Block(random, TYPES.get(i % 3), i % 2 == 0);
      int batch = i < 12 ? 1 : 1 + random.nextInt(9);
      float[] x = Samples.gaussian(random, batch * b.inputs);
      InputRule gate = above(random.nextFloat());
      InputRule up = i % 4 < 2 ? gate : i % 8 == 2 ? null : above(random.nextFloat());
      try (GatedFeedForward packed = b.pack(GatedFeedForward.Layout.BY_INPUTS)) {
        float[] hidden = b.hidden(packed, x, batch, gate, up).magnitudes();
        InputRule down = i % 3 == 0 ? null : above(b.threshold(hidden, random.nextDouble()));
        for (Kernels kernels : kernels()) {
          String what = "seed " + seed + " " + b + " " + kernels.name();
          ByteBuffer y = Samples.direct(filled(batch * b.outputs));
          Execution on = new Execution(kernels, two);
          packed.multiplyActive(on, Samples.misaligned(x), batch, gate, up, down, null, y);
          b.expected(packed, x, batch, gate, up, down, -1).check(what, y);
        }
      }
    }
  }

  /** Large enough to be split; with other callers at the same time. */
  @Test
  void bitsDoNotDependOnTheThreads() throws Exception {
    Random random = new Random(12);
    Block b = new Block(random, ValueType.F32, 300, 700, 90);
    float[] x = Samples.gaussian(random, b.inputs);
    try (GatedFeedForward gated = b.pack(GatedFeedForward.Layout.BY_OUTPUTS);
        GatedFeedForward active = b.pack(GatedFeedForward.Layout.BY_INPUTS)) {
      List<float[]> alone = List.of();
      for (int threads : new int[] {1, 2, 3}) {
        try (Workers workers = new Workers(threads)) {
          Execution on = new Execution(KernelSelection.current(), workers);
          List<float[]> all = allOps(on, gated, active, x);
          alone = alone.isEmpty() ? all : alone;
          same(all, alone);
          List<float[]> expected = alone;
          ExecutorService callers = Executors.newFixedThreadPool(4);
          try {
            List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
              done.add(
                  callers.submit(
                      () -> {
                        for (int call = 0; call < 20; call++) {
                          same(allOps(on, gated, active, x), expected);
                        }
                      }));
            }
            for (Future<?> future : done) {
              future.get();
            }
          } finally {
            callers.shutdownNow();
          }
        }
      }
    }
  }

  private static void same(List<float[]> actual, List<float[]> expected) {
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i)).as("operation %s", i).isEqualTo(expected.get(i));
    }
  }

  private static List<float[]> allOps(
      Execution on, GatedFeedForward gated, GatedFeedForward active, float[] x) {
    ByteBuffer in = Samples.direct(x);
    List<float[]> results = new ArrayList<>();
    ByteBuffer y = Samples.direct(filled(gated.outputs()));
    gated.multiply(on, in, 1, y);
    results.add(Samples.array(y));
    gated.multiplyGated(on, in, 1, 0.5f, y);
    results.add(Samples.array(y));
    float[] each = Samples.gaussian(new Random(13), gated.hidden());
    gated.multiplyGated(on, in, 1, each, y);
    results.add(Samples.array(y));
    int[] units = IntStream.range(0, gated.hidden()).filter(i -> each[i] > 0).toArray();
    gated.multiplyUnits(on, in, 1, units, units.length, y);
    results.add(Samples.array(y));
    active.multiplyActive(on, in, 1, above(0.5f), above(0.4f), above(1f), null, y);
    results.add(Samples.array(y));
    return results;
  }

  @Test
  void weightSparseMatrices() {
    long seed = seed();
    Random random = new Random(seed);
    Block b = new Block(random, ValueType.F32, true);
    float[] x = Samples.gaussian(random, b.inputs);
    PackedMatrix up = PackedMatrices.of("dense", Samples.direct(b.up), b.hidden, b.inputs);
    PackedMatrix down = PackedMatrices.of("columns", Samples.direct(b.down), b.outputs, b.hidden);
    for (String format : List.of("bitmap", "csr", "sell")) {
      PackedMatrix gate = PackedMatrices.of(format, Samples.direct(b.gate), b.hidden, b.inputs);
      GatedFeedForward packed = GatedFeedForward.of(gate, up, down, b.biases(), Activation.SILU);
      float[] magnitudes = b.gate(packed, x, 1).magnitudes();
      float threshold = b.threshold(magnitudes, 0.5);
      ByteBuffer y = Samples.direct(filled(b.outputs));
      packed.multiplyGated(Samples.direct(x), 1, threshold, y);
      b.expected(packed, x, 1, null, null, null, threshold).check("seed " + seed, y);
      packed.multiply(Samples.direct(x), 1, y);
      b.expected(packed, x, 1, null, null, null, -1).check("seed " + seed, y);
    }
  }

  @Test
  void moreRowsThanAreComputedAtATime() {
    Random random = new Random(6);
    Block b = new Block(random, ValueType.F32, true);
    int batch = 515;
    float[] x = Samples.gaussian(random, batch * b.inputs);
    try (GatedFeedForward packed = b.pack(GatedFeedForward.Layout.BY_OUTPUTS)) {
      ByteBuffer y = Samples.direct(filled(batch * b.outputs));
      packed.multiply(Samples.direct(x), batch, y);
      b.expected(packed, x, batch, null, null, null, -1).check("batch " + batch, y);
    }
  }

  @Test
  void sharedInputs() {
    long seed = seed();
    Random random = new Random(seed);
    for (ValueType type : ValueType.values()) {
      int inputs = 1 + random.nextInt(60);
      int[] rows = {1 + random.nextInt(40), 1 + random.nextInt(20), 1 + random.nextInt(20)};
      List<ByteBuffer> weights =
          IntStream.of(rows)
              .mapToObj(r -> Samples.direct(Samples.gaussian(random, r * inputs)))
              .toList();
      SharedInputs packed = SharedInputs.pack("columns", type, inputs, weights);
      int all = IntStream.of(rows).sum();
      assertThat(packed.rows()).isEqualTo(all);
      assertThat(packed.start(2)).isEqualTo(rows[0] + rows[1]);
      assertThat(packed.rows(1)).isEqualTo(rows[1]);
      float[] stored = Samples.unpack(packed.matrix());
      if (type == ValueType.F32) {
        float[] joined = new float[all * inputs];
        int at = 0;
        for (ByteBuffer w : weights) {
          w.asFloatBuffer().get(joined, at, w.limit() / 4);
          at += w.limit() / 4;
        }
        assertThat(stored).isEqualTo(joined);
      }
      float[] bias = Samples.gaussian(random, all);
      float[] x = Samples.gaussian(random, inputs);
      ByteBuffer y = Samples.direct(filled(all));
      packed.multiply(Samples.direct(x), 1, Samples.direct(bias), y);
      linear(stored, bias, all, inputs, x, 1).check("seed " + seed, y);
      int[] active = new int[inputs];
      for (int projection = 0; projection < 3; projection++) {
        ByteBuffer one = Samples.direct(filled(all));
        float threshold = random.nextFloat();
        int count = above(threshold).keep(Samples.direct(x).asFloatBuffer(), 0, inputs, active);
        packed.multiplyActive(
            projection, Samples.direct(x), active, count, Samples.direct(bias), one);
        Values expected =
            linear(stored, bias, all, inputs, masked(x, 1, inputs, above(threshold)), 1);
        for (int r = 0; r < all; r++) {
          boolean own =
              r >= packed.start(projection)
                  && r < packed.start(projection) + packed.rows(projection);
          near(
              "seed " + seed + " projection " + projection + " output " + r,
              one.getFloat(4 * r),
              own ? expected.value[r] : 77,
              own ? expected.bound[r] : 0);
        }
      }
    }
  }

  @Test
  void whatCannotBeSkippedIsSaid() {
    Block b = new Block(new Random(1), ValueType.F32, false);
    ByteBuffer x = Samples.direct(new float[b.inputs]);
    ByteBuffer y = Samples.direct(new float[b.outputs]);
    GatedFeedForward byInputs = b.pack(GatedFeedForward.Layout.BY_INPUTS);
    GatedFeedForward byOutputs = b.pack(GatedFeedForward.Layout.BY_OUTPUTS);
    InputRule rule = above(0);
    assertThatThrownBy(() -> byInputs.multiplyGated(x, 1, 0.1f, y))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0351")
        .hasMessageContaining("gate and up by outputs");
    assertThatThrownBy(() -> byOutputs.multiplyActive(x, 1, rule, rule, null, y))
        .hasMessageContaining("FIL-0351")
        .hasMessageContaining("gate and up by inputs");
    PackedMatrix w = PackedMatrices.of("dense", Samples.direct(new float[6]), 2, 3);
    assertThatThrownBy(
            () -> GatedFeedForward.of(w, w, w, GatedFeedForward.Biases.NONE, Activation.SILU))
        .hasMessageContaining("FIL-0350");
    assertThatThrownBy(() -> SharedInputs.of(w, 1, 2)).hasMessageContaining("FIL-0352");
    assertThatThrownBy(
            () ->
                SharedInputs.pack(
                    "columns", ValueType.F32, 4, List.of(Samples.direct(new float[6]))))
        .hasMessageContaining("FIL-0352");
    byOutputs.close();
    assertThatThrownBy(() -> byOutputs.multiply(x, 1, y)).hasMessageContaining("FIL-0330");
    assertThatThrownBy(() -> byOutputs.multiplyGated(x, 1, 0, y)).hasMessageContaining("FIL-0330");
  }

  private static float[] filled(int count) {
    float[] values = new float[count];
    Arrays.fill(values, 77f);
    return values;
  }

  private static InputRule above(float[] thresholds) {
    return (x, offset, n, active) -> {
      int count = 0;
      for (int i = 0; i < n; i++) {
        active[count] = i;
        count += Math.abs(x.get(offset + i)) > thresholds[i] ? 1 : 0;
      }
      return count;
    };
  }

  private static InputRule above(float threshold) {
    return (x, offset, n, active) -> ActiveInputs.above(x, offset, n, threshold, active);
  }

  private static float[] masked(float[] x, int batch, int n, InputRule rule) {
    if (rule == null) {
      return x;
    }
    float[] kept = new float[x.length];
    int[] active = new int[n];
    for (int b = 0; b < batch; b++) {
      int count = rule.keep(java.nio.FloatBuffer.wrap(x), b * n, n, active);
      for (int i = 0; i < count; i++) {
        kept[b * n + active[i]] = x[b * n + active[i]];
      }
    }
    return kept;
  }

  private static void near(String what, float actual, double expected, double bound) {
    boolean good =
        Double.isInfinite(expected) || Math.abs(expected) > Float.MAX_VALUE
            ? actual == (float) expected
            : Math.abs(actual - expected) <= bound;
    if (!good) {
      assertThat((double) actual).as(what + " within " + bound).isEqualTo(expected);
    }
  }

  /** Exact values, and how far a fast computation may be from each. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Values(double[] value, double[] bound) {

    Values map(Activation f) {
      double[] mapped = new double[value.length];
      double[] limit = new double[value.length];
      for (int i = 0; i < value.length; i++) {
        mapped[i] = f.of(value[i]);
        // No activation is steeper than 1.13.
        limit[i] = 1.13 * bound[i] + 0x1p-19 * Math.abs(mapped[i]) + Float.MIN_NORMAL;
      }
      return new Values(mapped, limit);
    }

    Values times(Values other) {
      double[] product = new double[value.length];
      double[] limit = new double[value.length];
      for (int i = 0; i < value.length; i++) {
        product[i] = value[i] * other.value[i];
        limit[i] =
            Math.abs(value[i]) * other.bound[i]
                + Math.abs(other.value[i]) * bound[i]
                + bound[i] * other.bound[i]
                + EPS * Math.abs(product[i])
                + Float.MIN_NORMAL;
      }
      return new Values(product, limit);
    }

    float[] magnitudes() {
      float[] m = new float[value.length];
      for (int i = 0; i < m.length; i++) {
        m[i] = (float) Math.abs(value[i]);
      }
      return m;
    }

    /** Those a rule on the magnitudes does not keep become exact zeros. */
    Values keep(int batch, InputRule rule) {
      if (rule == null) {
        return this;
      }
      float[] ones = masked(magnitudes(), batch, value.length / batch, rule);
      double[] kept = new double[value.length];
      double[] limit = new double[value.length];
      for (int i = 0; i < kept.length; i++) {
        kept[i] = ones[i] == 0 ? 0 : value[i];
        limit[i] = ones[i] == 0 ? 0 : bound[i];
      }
      return new Values(kept, limit);
    }

    void check(String what, ByteBuffer y) {
      for (int i = 0; i < value.length; i++) {
        near(what + ", output " + i, y.getFloat(4 * i), value[i], bound[i]);
      }
    }
  }

  /** x W^T + bias. */
  private static Values linear(float[] w, float[] bias, int rows, int cols, float[] x, int batch) {
    double[] exact = new double[batch * cols];
    for (int i = 0; i < exact.length; i++) {
      exact[i] = x[i];
    }
    return linear(w, bias, rows, cols, new Values(exact, new double[exact.length]), batch);
  }

  private static Values linear(float[] w, float[] bias, int rows, int cols, Values x, int batch) {
    double[] value = new double[batch * rows];
    double[] bound = new double[batch * rows];
    for (int b = 0; b < batch; b++) {
      for (int r = 0; r < rows; r++) {
        double sum = bias == null ? 0 : bias[r];
        double magnitude = Math.abs(sum);
        double inherited = 0;
        for (int k = 0; k < cols; k++) {
          double term = w[r * cols + k] * x.value[b * cols + k];
          sum += term;
          magnitude += Math.abs(term);
          inherited += Math.abs(w[r * cols + k]) * x.bound[b * cols + k];
        }
        value[b * rows + r] = sum;
        bound[b * rows + r] =
            inherited + 2 * (cols + 1) * (EPS * (magnitude + inherited) + 127 * Float.MIN_VALUE);
      }
    }
    return new Values(value, bound);
  }

  /** Weights of one feed-forward block. */
  private static final class Block {
    final int inputs;
    final int hidden;
    final int outputs;
    final ValueType type;
    final float[] gate;
    final float[] up;
    final float[] down;
    final float[] gateBias;
    final float[] upBias;
    final float[] downBias;
    final Activation activation;

    Block(Random random, ValueType type, boolean biased) {
      // Large enough, now and then, to be split among threads.
      this(
          random,
          type,
          1 + random.nextInt(random.nextInt(3) == 0 ? 300 : 70),
          1 + random.nextInt(random.nextInt(3) == 0 ? 400 : 80),
          1 + random.nextInt(60),
          biased);
    }

    Block(Random random, ValueType type, int inputs, int hidden, int outputs) {
      this(random, type, inputs, hidden, outputs, true);
    }

    private Block(
        Random random, ValueType type, int inputs, int hidden, int outputs, boolean biased) {
      this.type = type;
      this.inputs = inputs;
      this.hidden = hidden;
      this.outputs = outputs;
      gate = Samples.gaussian(random, hidden * inputs);
      up = Samples.gaussian(random, hidden * inputs);
      down = Samples.gaussian(random, outputs * hidden);
      gateBias = biased ? Samples.gaussian(random, hidden) : null;
      upBias = biased && random.nextBoolean() ? Samples.gaussian(random, hidden) : null;
      downBias = biased ? Samples.gaussian(random, outputs) : null;
      activation = biased ? Activation.SILU : ACTIVATIONS.get(random.nextInt(4));
    }

    private static ByteBuffer direct(float[] values) {
      return values == null ? null : Samples.misaligned(values);
    }

    GatedFeedForward.Biases biases() {
      return new GatedFeedForward.Biases(direct(gateBias), direct(upBias), direct(downBias));
    }

    GatedFeedForward pack(GatedFeedForward.Layout layout) {
      return GatedFeedForward.pack(
          layout,
          type,
          Samples.direct(gate),
          Samples.direct(up),
          Samples.direct(down),
          inputs,
          hidden,
          outputs,
          biases(),
          activation);
    }

    /** Weights [gate|up] as they are stored. */
    private float[] stored(GatedFeedForward packed, boolean wantsUp) {
      List<PackedMatrix> matrices = packed.matrices();
      if (matrices.size() == 3) {
        return Samples.unpack(matrices.get(wantsUp ? 1 : 0));
      }
      float[] both = Samples.unpack(matrices.get(0));
      int n = hidden * inputs;
      return Arrays.copyOfRange(both, wantsUp ? n : 0, wantsUp ? 2 * n : n);
    }

    Values gate(GatedFeedForward packed, float[] x, int batch) {
      return linear(stored(packed, false), gateBias, hidden, inputs, x, batch).map(activation);
    }

    Values hidden(
        GatedFeedForward packed, float[] x, int batch, InputRule forGate, InputRule forUp) {
      Values g = gate(packed, masked(x, batch, inputs, forGate), batch);
      float[] kept = masked(x, batch, inputs, forUp);
      return g.times(linear(stored(packed, true), upBias, hidden, inputs, kept, batch));
    }

    Values expected(
        GatedFeedForward packed,
        float[] x,
        int batch,
        InputRule forGate,
        InputRule forUp,
        InputRule forDown,
        float threshold) {
      if (threshold >= 0) {
        return expected(packed, x, batch, above(threshold));
      }
      return output(packed, hidden(packed, x, batch, forGate, forUp).keep(batch, forDown), batch);
    }

    /** With the gates that a rule on their magnitudes keeps. */
    Values expected(GatedFeedForward packed, float[] x, int batch, InputRule gates) {
      Values g = gate(packed, x, batch).keep(batch, gates);
      Values h = g.times(linear(stored(packed, true), upBias, hidden, inputs, x, batch));
      for (int i = 0; i < g.value.length; i++) {
        h.bound[i] = g.value[i] == 0 ? 0 : h.bound[i];
      }
      return output(packed, h, batch);
    }

    private Values output(GatedFeedForward packed, Values h, int batch) {
      List<PackedMatrix> matrices = packed.matrices();
      float[] w = Samples.unpack(matrices.get(matrices.size() - 1));
      return linear(w, downBias, outputs, hidden, h, batch);
    }

    /** One threshold for every unit, in the widest gap between what its rows have. */
    float[] thresholds(float[] magnitudes, int batch) {
      float[] out = new float[hidden];
      for (int i = 0; i < hidden; i++) {
        float[] own = new float[batch + 2];
        for (int r = 0; r < batch; r++) {
          own[r] = magnitudes[r * hidden + i];
        }
        own[batch + 1] = 3; // so that there are units of which nothing is kept
        out[i] = threshold(own, 0);
      }
      return out;
    }

    /**
     * A threshold about that far up in the magnitudes, in the middle of a wide gap between two. Not
     * among those that nearly vanish: what is left of GELU far below zero is rounding.
     */
    float threshold(float[] magnitudes, double share) {
      float[] sorted = magnitudes.clone();
      Arrays.sort(sorted);
      int at = (int) (share * (sorted.length - 1));
      while (at < sorted.length - 1 && sorted[at + 1] < 1e-3f * sorted[sorted.length - 1]) {
        at++;
      }
      int best = -1;
      for (int i = at; i < Math.min(at + 40, sorted.length - 1); i++) {
        if (best < 0 || sorted[i + 1] - sorted[i] > sorted[best + 1] - sorted[best]) {
          best = i;
        }
      }
      return best < 0 ? sorted[at] / 2 : (sorted[best] + sorted[best + 1]) / 2;
    }

    @Override
    public String toString() {
      return inputs + " -> " + hidden + " -> " + outputs + " " + type + " " + activation;
    }
  }
}
