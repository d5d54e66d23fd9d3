package dev.filigree.djl.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.ref.WeakReference;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The core neurons of prompts, against the definition: Wang et al. 2024. */
class PromptRuleTest {
  private static final int UNITS = 10;

  /** Of one sequence, from all tokens of its prompt. */
  private static int[] core(List<float[]> tokens, int units, int kept) {
    int[] often = new int[units];
    double[] sums = new double[units];
    for (float[] h : tokens) {
      double[] positive =
          IntStream.range(0, units).mapToDouble(i -> h[i]).filter(v -> v > 0).sorted().toArray();
      int wanted = (positive.length + 4) / 5; // a fifth of them, rounded up
      for (int i = 0; i < units; i++) {
        often[i] += wanted > 0 && h[i] >= positive[positive.length - wanted] ? 1 : 0;
        sums[i] += Math.max(h[i], 0);
      }
    }
    return IntStream.range(0, units)
        .boxed()
        .sorted(
            Comparator.comparingInt((Integer i) -> -often[i])
                .thenComparingDouble(i -> -sums[i])
                .thenComparingInt(i -> i))
        .limit(kept)
        .mapToInt(i -> i)
        .sorted()
        .toArray();
  }

  private static float[] values(SplittableRandom random, int n, boolean ties) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = ties ? random.nextInt(-2, 4) : (float) (random.nextDouble() * 2 - 1);
    }
    return v;
  }

  /** What the rule keeps of every row, all where it keeps all. */
  private static List<int[]> kept(PromptRule rule, float[] h, Shape shape) {
    int units = (int) shape.getLastDimension();
    List<int[]> rows = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x = manager.create(h, shape);
      boolean skips = rule.skipsIn(x);
      int[] active = new int[units];
      for (int r = 0; r < h.length / units; r++) {
        int n = skips ? rule.keep(FloatBuffer.wrap(h), r * units, units, active) : units;
        rows.add(skips ? Arrays.copyOf(active, n) : IntStream.range(0, units).toArray());
      }
    }
    return rows;
  }

  private static void prompt(PromptRule rule, long seed, int sequences, int tokens) {
    float[] h = values(new SplittableRandom(seed), sequences * tokens * UNITS, false);
    assertThat(kept(rule, h, new Shape(sequences, tokens, UNITS)))
        .allSatisfy(row -> assertThat(row).hasSize(UNITS));
  }

  private static List<int[]> tokens(PromptRule rule, int rows) {
    return kept(rule, new float[rows * UNITS], new Shape(rows, 1, UNITS));
  }

  private static void close(List<int[]> found, List<int[]> expected, String what) {
    assertThat(found).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(found.get(i)).as("%s, row %s", what, i).containsExactly(expected.get(i));
    }
  }

  @Test
  void tokensAfterAPromptKeepItsCoreNeurons() {
    long seed = new Random().nextInt(1_000_000);
    for (int draw = 0; draw < 60; draw++, seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      int units = random.nextInt(1, 40);
      int sequences = random.nextInt(1, 4);
      double sparsity = random.nextInt(0, 10) / 10.0;
      int keep = units - units * (int) Math.round(sparsity * 10) / 10;
      String what =
          String.format("seed %d: %d of %d units, %d sequences", seed, keep, units, sequences);
      PromptRule rule = new PromptRule("down", sparsity);
      for (int sequence = 0; sequence < 2; sequence++) {
        List<List<float[]>> seen = new ArrayList<>();
        for (int s = 0; s < sequences; s++) {
          seen.add(new ArrayList<>());
        }
        Shape one = new Shape(sequences, 1, units);
        assertThat(kept(rule, values(random, sequences * units, false), one))
            .as(what)
            .allSatisfy(row -> assertThat(row).hasSize(units));
        for (int part = random.nextInt(1, 4); part > 0; part--) {
          int tokens = random.nextInt(2, 9);
          float[] h = values(random, sequences * tokens * units, draw % 2 == 0);
          boolean flat = sequences == 1 && random.nextBoolean();
          Shape shape = flat ? new Shape(tokens, units) : new Shape(sequences, tokens, units);
          assertThat(kept(rule, h, shape))
              .as(what)
              .allSatisfy(row -> assertThat(row).hasSize(units));
          for (int t = 0; t < sequences * tokens; t++) {
            seen.get(t / tokens).add(Arrays.copyOfRange(h, t * units, (t + 1) * units));
          }
          List<int[]> expected = seen.stream().map(all -> core(all, units, keep)).toList();
          for (int t = 0; t < 2; t++) {
            close(kept(rule, values(random, sequences * units, false), one), expected, what);
          }
        }
        rule.forget();
      }
    }
  }

  /** One vector is one token, a matrix the tokens of one sequence, all else in front sequences. */
  @Test
  void axesAreSequencesTokensAndValues() {
    float[] h = values(new SplittableRandom(2), 6 * UNITS, false);
    PromptRule one = new PromptRule("down", 0.5);
    kept(one, h, new Shape(6, UNITS));
    int[] core = kept(one, new float[UNITS], new Shape(UNITS)).get(0);
    assertThat(core).hasSize(5);
    close(kept(one, new float[UNITS], new Shape(1, UNITS)), List.of(core), "[1, units]");
    close(kept(one, new float[UNITS], new Shape(1, 1, UNITS)), List.of(core), "[1, 1, units]");
    PromptRule several = new PromptRule("down", 0.5);
    kept(several, h, new Shape(3, 1, 2, UNITS));
    PromptRule same = new PromptRule("down", 0.5);
    kept(same, h, new Shape(3, 2, UNITS));
    close(kept(several, new float[3 * UNITS], new Shape(3, 1, 1, UNITS)), tokens(same, 3), "four");
  }

  @Test
  void rowsOfOneSequenceHaveItsCore() {
    PromptRule rule = new PromptRule("down", 0.4);
    prompt(rule, 3, 2, 7);
    List<int[]> two = tokens(rule, 2);
    assertThat(two.get(0)).isNotEqualTo(two.get(1));
    List<int[]> beams =
        List.of(two.get(0), two.get(0), two.get(0), two.get(1), two.get(1), two.get(1));
    close(tokens(rule, 6), beams, "three for each");
    close(tokens(rule, 2), two, "one for each again");
  }

  @Test
  void tokensOfOtherSequencesRunDenseAndThatIsSaidOnce() {
    PromptRule rule = new PromptRule("block/w2", 0.4);
    prompt(rule, 4, 2, 3);
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    PrintStream before = System.err;
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    try {
      for (int rows : new int[] {3, 1, 3}) {
        assertThat(tokens(rule, rows)).allSatisfy(row -> assertThat(row).hasSize(UNITS));
      }
    } finally {
      System.setErr(before);
    }
    assertThat(log.toString(StandardCharsets.UTF_8))
        .containsOnlyOnce("FIL-0875")
        .contains(
            "FIL-0875: block/w2: single tokens of 3 sequence(s) follow a prompt of 2 on this thread, so they run dense. Pass as many as in the prompt, or the same number of rows for each, one behind the other, and call Filigree.newSequence(model) on the thread where a sequence begins.");
    assertThat(tokens(rule, 2)).allSatisfy(row -> assertThat(row).hasSize(6));
    assertThat(rule.realised()).as("of these two").isEqualTo(0.4);
  }

  @Test
  void aPromptOfAnotherNumberBeginsNewSequences() {
    PromptRule rule = new PromptRule("down", 0.4);
    prompt(rule, 5, 2, 4);
    prompt(rule, 6, 3, 4);
    PromptRule fresh = new PromptRule("down", 0.4);
    prompt(fresh, 6, 3, 4);
    close(tokens(rule, 3), tokens(fresh, 3), "the second alone");
    prompt(rule, 7, 3, 4);
    prompt(fresh, 8, 3, 4);
    assertThat(tokens(rule, 3).toArray()).isNotEqualTo(tokens(fresh, 3).toArray());
  }

  @Test
  void countsTokensAfterPromptsOnly() {
    PromptRule rule = new PromptRule("down", 0.37);
    tokens(rule, 1);
    prompt(rule, 9, 1, 5);
    assertThat(rule.realised()).isNaN();
    tokens(rule, 1);
    tokens(rule, 4);
    assertThat(rule.realised()).isEqualTo(1 - 7 / 10.0);
    assertThat(rule.threshold()).isEmpty();
  }

  @Test
  void measurementsNeitherSeeNorChangeSequences() {
    PromptRule rule = new PromptRule("down", 0.4);
    PromptRule.assumingPrompts(
        () -> {
          float[] h = values(new SplittableRandom(10), 4 * UNITS, false);
          for (int[] row : kept(rule, h, new Shape(4, UNITS))) {
            assertThat(row).containsExactly(0, 1, 3, 5, 6, 8);
          }
        });
    assertThat(tokens(rule, 1).get(0)).hasSize(UNITS);
    prompt(rule, 11, 1, 5);
    List<int[]> core = tokens(rule, 1);
    assertThatThrownBy(
            () ->
                PromptRule.assumingPrompts(
                    () -> {
                      kept(rule, new float[3 * UNITS], new Shape(3, UNITS));
                      throw new IllegalStateException("in the middle");
                    }))
        .hasMessage("in the middle");
    close(tokens(rule, 1), core, "as before");
  }

  @Test
  void threadsHaveTheirOwn() throws Exception {
    PromptRule rule = new PromptRule("down", 0.4);
    prompt(rule, 12, 1, 5);
    List<int[]> own = tokens(rule, 1);
    PromptRule alone = new PromptRule("down", 0.4);
    prompt(alone, 13, 2, 5);
    List<int[]> others = tokens(alone, 2);
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      thread
          .submit(
              () -> {
                assertThat(tokens(rule, 1).get(0)).hasSize(UNITS);
                prompt(rule, 13, 2, 5);
              })
          .get();
      close(tokens(rule, 1), own, "not touched");
      thread.submit(() -> close(tokens(rule, 2), others, "another thread")).get();
      thread.submit(rule::forget).get();
      close(tokens(rule, 1), own, "not forgotten");
      thread.submit(() -> prompt(rule, 14, 1, 2)).get();
      assertThat(rule.threads()).isEqualTo(2);
    } finally {
      thread.shutdown();
    }
  }

  private static void eventually(String what, BooleanSupplier holds) throws InterruptedException {
    long end = System.nanoTime() + 30_000_000_000L;
    while (!holds.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      System.gc();
      Thread.sleep(20);
    }
  }

  @Test
  void goesWithTheThreadAndWithTheModel() throws Exception {
    PromptRule rule = new PromptRule("down", 0.4);
    for (int i = 0; i < 3; i++) {
      Thread thread = new Thread(() -> prompt(rule, 15, 1, 2));
      thread.start();
      thread.join();
    }
    prompt(rule, 16, 1, 2);
    eventually(
        "threads that ended",
        () -> {
          rule.forget();
          prompt(rule, 16, 1, 2); // a map lets go of what was collected when it is written to
          return rule.threads() == 1;
        });
    WeakReference<PromptRule> gone = withAPromptOnThisThread();
    eventually("a rule of this thread", () -> gone.get() == null);
  }

  private static WeakReference<PromptRule> withAPromptOnThisThread() {
    PromptRule rule = new PromptRule("down", 0.4);
    prompt(rule, 17, 1, 2);
    return new WeakReference<>(rule);
  }
}
