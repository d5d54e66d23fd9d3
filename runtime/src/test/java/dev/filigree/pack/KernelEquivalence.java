package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.kernel.Execution;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.Kernels;
import dev.filigree.kernel.ReferenceKernels;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Workers;
import dev.filigree.pack.Samples.Pattern;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every kernel against the definition, computed here from the dense weights in double. The bound
 * scales with the data: |v - ref| <= 2 n eps sum |a_i b_i|, n terms and the bias.
 */
abstract class KernelEquivalence {
  private static final double EPS = 0x1p-24;
  private static final int[] BATCHES = {1, 2, 3, 4, 7, 16, 17, 33, 64, 65};
  private static final float[] SPECIAL = {
    Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0f, Float.MIN_VALUE, -1e-40f
  };
  private static final float[] TINY = {-0f, Float.MIN_VALUE, -1e-40f};

  private static final List<ValueType> TYPES = List.of(ValueType.values());
  private static final List<Pattern> PATTERNS = List.of(Pattern.values());

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

  @Test
  void everyLengthUpToThreeVectorsAndOddLargeOnes() {
    long seed = seed();
    Random random = new Random(seed);
    int[] cols =
        IntStream.concat(
                IntStream.rangeClosed(0, 49), IntStream.of(63, 64, 65, 127, 513, 1023, 1025, 2051))
            .toArray();
    int[] rows = {1, 2, 5, 15, 16, 17, 31, 33, 50};
    for (int c : cols) {
      for (int i = 0; i < 3; i++) {
        int r = rows[random.nextInt(rows.length)];
        int batch = BATCHES[random.nextInt(c > 100 ? 5 : BATCHES.length)];
        Pattern pattern = PATTERNS.get(random.nextInt(PATTERNS.size()));
        float[] w = Samples.weights(random, pattern, r, c, random.nextDouble());
        check(seed, w, r, c, Samples.gaussian(random, batch * c), batch, random);
      }
    }
  }

  @Test
  void everyBatch() {
    long seed = seed();
    Random random = new Random(seed);
    for (int batch : BATCHES) {
      for (Pattern pattern : Pattern.values()) {
        float[] w = Samples.weights(random, pattern, 35, 83, 0.7);
        check(seed, w, 35, 83, Samples.gaussian(random, batch * 83), batch, random);
      }
    }
    float[] w = Samples.weights(random, Pattern.UNIFORM, 67, 1100, 0.8);
    check(seed, w, 67, 1100, Samples.gaussian(random, 300 * 1100), 300, random);
  }

  @Test
  void manyRows() {
    long seed = seed();
    Random random = new Random(seed);
    for (int rows = 0; rows <= 70; rows++) {
      float[] w = Samples.weights(random, Pattern.UNIFORM, rows, 21, 0.5);
      check(seed, w, rows, 21, Samples.gaussian(random, 5 * 21), 5, random);
      check(seed, w, rows, 21, Samples.gaussian(random, 21), 1, random);
    }
  }

  @Test
  void moreThan65536Inputs() {
    long seed = seed();
    Random random = new Random(seed);
    int cols = 65536 + 1500;
    float[] w = Samples.weights(random, Pattern.UNIFORM, 3, cols, 0.9);
    w[cols - 1] = 2f;
    for (int batch : new int[] {1, 5}) {
      check(seed, w, 3, cols, Samples.gaussian(random, batch * cols), batch, random);
    }
  }

  @Test
  void nonFiniteAndTinyNumbers() {
    long seed = seed();
    Random random = new Random(seed);
    for (int i = 0; i < 60; i++) {
      int rows = 1 + random.nextInt(40);
      int cols = 1 + random.nextInt(60);
      int batch = BATCHES[random.nextInt(BATCHES.length)];
      float[] w = Samples.weights(random, Pattern.UNIFORM, rows, cols, 0.6);
      float[] x = Samples.gaussian(random, batch * cols);
      if (i % 2 == 0) {
        Samples.sprinkle(random, x, 20, SPECIAL);
      }
      if (i % 3 == 0) {
        Samples.sprinkle(random, w, 30, TINY);
      }
      check(seed, w, rows, cols, x, batch, random);
    }
  }

  @Test
  void removedWeightsDoNotMeetInfinities() {
    for (Kernels kernels : kernels()) {
      Execution on = new Execution(kernels, two);
      for (Samples.Stored stored : Samples.stored()) {
        if (List.of("dense", "columns").contains(stored.format())) {
          continue;
        }
        for (int batch : new int[] {1, 4, 5}) {
          float[] w = new float[20 * 48];
          float[] x = new float[batch * 48];
          for (int i = 0; i < w.length; i++) {
            w[i] = i % 48 / 16 == 1 ? 1f : 0f;
          }
          for (int i = 0; i < x.length; i++) {
            x[i] = List.of(Float.POSITIVE_INFINITY, 2f, Float.NaN).get(i % 48 / 16);
          }
          StoredMatrix<?> matrix = stored.pack(w, 20, 48);
          ByteBuffer y = Samples.direct(new float[batch * 20]);
          matrix.multiply(on, Samples.direct(x), batch, null, y);
          assertThat(Samples.array(y)).as(kernels.name() + " " + stored).containsOnly(32f);
        }
      }
    }
  }

  @Test
  void activeInputsOnly() {
    long seed = seed();
    Random random = new Random(seed);
    for (int i = 0; i < 40; i++) {
      int rows = 1 + random.nextInt(90);
      int cols = 1 + random.nextInt(80);
      Pattern pattern = PATTERNS.get(random.nextInt(PATTERNS.size()));
      float[] w = Samples.weights(random, pattern, rows, cols, random.nextDouble());
      float[] x = Samples.gaussian(random, cols);
      double share = random.nextDouble();
      int[] active = IntStream.range(0, cols).filter(k -> random.nextDouble() < share).toArray();
      float[] masked = new float[cols];
      for (int k : active) {
        masked[k] = x[k];
      }
      for (int k = 0; k < cols; k++) {
        int input = k;
        if (IntStream.of(active).noneMatch(a -> a == input)) {
          x[k] = Float.NaN;
        }
      }
      float[] bias = Samples.gaussian(random, rows);
      for (Samples.Stored stored : Samples.stored()) {
        StoredMatrix<?> matrix = stored.pack(w, rows, cols);
        float[] rounded = Samples.unpack(matrix);
        boolean[] multiplies = stored.multiplies(rounded, rows, cols);
        for (Kernels kernels : kernels()) {
          ByteBuffer y = Samples.direct(new float[rows]);
          matrix.multiplyActive(
              new Execution(kernels, two),
              Samples.misaligned(x),
              active,
              active.length,
              Samples.direct(bias),
              y);
          String what = "seed " + seed + " " + kernels.name() + " " + stored;
          compare(what, rounded, rows, cols, masked, 1, bias, y, multiplies);
        }
      }
    }
  }

  /** Large enough to be split by inputs, also where only some of the outputs are wanted. */
  @Test
  void inputsInGroups() {
    long seed = seed();
    Random random = new Random(seed);
    try (Workers one = new Workers(1);
        Workers five = new Workers(5)) {
      for (ValueType type : TYPES) {
        int rows = 200 + random.nextInt(90);
        int cols = 1100 + random.nextInt(90);
        float[] w = Samples.gaussian(random, rows * cols);
        ColumnsMatrix matrix =
            (ColumnsMatrix) PackedMatrices.of("columns", type, Samples.direct(w), rows, cols);
        float[] rounded = Samples.unpack(matrix);
        float[] x = Samples.gaussian(random, cols);
        int[] active = IntStream.range(0, cols).filter(k -> random.nextInt(3) > 0).toArray();
        float[] masked = new float[cols];
        for (int k : active) {
          masked[k] = x[k];
        }
        float[] bias = random.nextBoolean() ? Samples.gaussian(random, rows) : null;
        ByteBuffer offsets = bias == null ? null : Samples.misaligned(bias);
        int from = random.nextInt(60);
        int to = rows - random.nextInt(60);
        for (Kernels kernels : kernels()) {
          String what =
              "seed " + seed + " " + kernels.name() + " " + type + " " + rows + "x" + cols;
          float[] first = null;
          for (Workers workers : List.of(one, two, five)) {
            Execution on = new Execution(kernels, workers);
            ByteBuffer y = Samples.direct(new float[rows]);
            matrix.multiplyActive(on, Samples.direct(x), active, active.length, offsets, y);
            boolean[] all = new boolean[rows * cols];
            java.util.Arrays.fill(all, true);
            compare(what, rounded, rows, cols, masked, 1, bias, y, all);
            first = first == null ? Samples.array(y) : first;
            assertThat(Samples.array(y)).as(what + " threads").isEqualTo(first);
            float[] some = first.clone();
            java.util.Arrays.fill(some, 0, from, 77f);
            java.util.Arrays.fill(some, to, rows, 77f);
            float[] empty = new float[rows + 5];
            java.util.Arrays.fill(empty, 77f);
            ByteBuffer part = Samples.misaligned(empty);
            matrix.activeOutputs(
                on, Samples.direct(x), 0, active, active.length, offsets, part, 5, from, to);
            float[] expected = new float[rows + 5];
            java.util.Arrays.fill(expected, 77f);
            if (!near(some, Samples.array(part), expected, 5, 1e-3f)) {
              assertThat(Samples.array(part)).as(what + " some outputs").isEqualTo(expected);
            }
          }
        }
      }
    }
  }

  /** Whether the values behind the first {@code at} are near; puts what was expected there. */
  private static boolean near(float[] some, float[] actual, float[] expected, int at, float bound) {
    System.arraycopy(some, 0, expected, at, some.length);
    for (int i = 0; i < actual.length; i++) {
      if (!(Math.abs(actual[i] - expected[i]) <= bound)) {
        return false;
      }
    }
    return true;
  }

  @Test
  void wantedOutputsOnly() {
    long seed = seed();
    Random random = new Random(seed);
    for (int i = 0; i < 40; i++) {
      int rows = 1 + random.nextInt(90);
      int cols = random.nextInt(80);
      float[] w = Samples.gaussian(random, rows * cols);
      double share = random.nextDouble();
      int[] outputs = IntStream.range(0, rows).filter(r -> random.nextDouble() < share).toArray();
      ValueType type = TYPES.get(i % TYPES.size());
      DenseMatrix matrix =
          (DenseMatrix) PackedMatrices.of("dense", type, Samples.direct(w), rows, cols);
      ByteBuffer x = Samples.misaligned(Samples.gaussian(random, cols));
      ByteBuffer bias = Samples.direct(Samples.gaussian(random, rows));
      for (Kernels kernels : kernels()) {
        Execution on = new Execution(kernels, two);
        ByteBuffer all = Samples.direct(new float[rows]);
        matrix.multiply(on, x, 1, bias, all);
        float[] expected = new float[rows];
        IntStream.of(outputs).forEach(r -> expected[r] = all.getFloat(4 * r));
        float[] other = new float[rows];
        java.util.Arrays.fill(other, 77f);
        ByteBuffer y = Samples.direct(other);
        matrix.multiplyRows(on, x, outputs, outputs.length, bias, y);
        // An array of floats is compared with its bits: +0.0 for the others.
        String what = "seed " + seed + " " + kernels.name() + " " + type;
        assertThat(Samples.array(y)).as(what).isEqualTo(expected);
      }
    }
  }

  private static void check(
      long seed, float[] w, int rows, int cols, float[] x, int batch, Random random) {
    float[] bias = random.nextBoolean() ? Samples.gaussian(random, rows) : null;
    boolean aligned = random.nextBoolean();
    ByteBuffer inputs = aligned ? Samples.direct(x) : Samples.misaligned(x);
    ByteBuffer offsets = bias == null ? null : Samples.misaligned(bias);
    for (Samples.Stored stored : Samples.stored()) {
      StoredMatrix<?> matrix = stored.pack(w, rows, cols);
      float[] rounded = Samples.unpack(matrix);
      boolean[] multiplies = stored.multiplies(rounded, rows, cols);
      for (Kernels kernels : kernels()) {
        float[] empty = new float[batch * rows];
        java.util.Arrays.fill(empty, 77f);
        ByteBuffer y = aligned ? Samples.direct(empty) : Samples.misaligned(empty);
        matrix.multiply(new Execution(kernels, two), inputs, batch, offsets, y);
        String what =
            "seed "
                + seed
                + ", "
                + kernels.name()
                + ", "
                + stored
                + ", "
                + matrix
                + ", batch "
                + batch;
        compare(what, rounded, rows, cols, x, batch, bias, y, multiplies);
      }
    }
  }

  private static void compare(
      String what,
      float[] w,
      int rows,
      int cols,
      float[] x,
      int batch,
      float[] bias,
      ByteBuffer y,
      boolean[] multiplies) {
    for (int b = 0; b < batch; b++) {
      for (int r = 0; r < rows; r++) {
        double sum = bias == null ? 0 : bias[r];
        double magnitude = Math.abs(sum);
        for (int k = 0; k < cols; k++) {
          float v = w[r * cols + k];
          if (multiplies[r * cols + k]) {
            double term = (double) v * x[b * cols + k];
            sum += term;
            magnitude += Math.abs(term);
          }
        }
        float actual = y.getFloat(4 * (b * rows + r));
        // Below the smallest normal number every operation may lose half a unit of the last place.
        // An integer (127 times a scale at most) then multiplies the loss.
        double bound = 2 * (cols + 1) * (EPS * magnitude + 127 * Float.MIN_VALUE);
        boolean good =
            Double.isNaN(sum)
                ? Float.isNaN(actual)
                : Double.isInfinite(sum) ? actual == sum : Math.abs(actual - sum) <= bound;
        if (!good) {
          assertThat(actual).as(what + ", row " + b + ", output " + r).isEqualTo((float) sum);
        }
      }
    }
  }

  /** New inputs every time; {@code -Dfiligree.test.seed} repeats a failure. */
  private static long seed() {
    return Long.getLong("filigree.test.seed", System.nanoTime());
  }
}
