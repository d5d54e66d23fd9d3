package dev.filigree.it;

import static dev.filigree.it.GreedyIT.HIDDEN;
import static dev.filigree.it.GreedyIT.IN;
import static dev.filigree.it.GreedyIT.OUT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.ModelSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.block.GatedFeedForward;
import dev.filigree.djl.serve.FusedServing;
import dev.filigree.kernel.Activation;
import dev.filigree.plan.ActivationPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** CoreInfer on a feed-forward block of any model: Wang et al. 2024. */
class CoreInferIT {
  private static final PackOptions SPARSE =
      PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);

  @ActivationSparse(
      sparsity = 0.6,
      method = ActivationMethod.COREINFER,
      gate = "w1",
      up = "w3",
      down = "w2")
  static class Core extends GreedyIT.Plain {
    private final Linear w1 = child("w1", HIDDEN);
    private final Linear w3 = child("w3", HIDDEN);
    private final Linear w2 = child("w2", OUT);

    @Override
    List<Linear> layers() {
      return List.of(w1, w3, w2);
    }
  }

  /** Says what it is. */
  static class Fused extends Core implements GatedFeedForward {
    @Override
    public Block gate() {
      return layers().get(0);
    }

    @Override
    public Block up() {
      return layers().get(1);
    }

    @Override
    public Block down() {
      return layers().get(2);
    }
  }

  /** Says what it is, and that is not SiLU. */
  static final class WithRelu extends Fused {
    @Override
    public Activation activation() {
      return Activation.RELU;
    }

    @Override
    NDArray f(NDArray g) {
      return ai.djl.nn.Activation.relu(g);
    }
  }

  /** The definition for one sequence, in double and without any of our code. */
  private static final class Reference {
    private final double[][] weights = new double[3][];
    private final double[][] biases = new double[3][];
    private final boolean relu;
    private final int kept;
    private final int[] often = new int[HIDDEN];
    private final double[] sums = new double[HIDDEN];
    private boolean prompted;
    // Whether float32 might choose others.
    private boolean close;

    Reference(GreedyIT.Plain block, int kept) {
      for (int i = 0; i < 3; i++) {
        weights[i] = doubles(block.layers().get(i), "weight");
        biases[i] = doubles(block.layers().get(i), "bias");
      }
      this.relu = block instanceof WithRelu;
      this.kept = kept;
    }

    private static double[] doubles(Linear layer, String parameter) {
      float[] v = layer.getParameters().get(parameter).getArray().toFloatArray();
      return IntStream.range(0, v.length).mapToDouble(i -> v[i]).toArray();
    }

    private double[] product(int layer, double[] x) {
      double[] y = biases[layer].clone();
      for (int i = 0; i < y.length; i++) {
        for (int c = 0; c < x.length; c++) {
          y[i] += weights[layer][i * x.length + c] * x[c];
        }
      }
      return y;
    }

    private double[] hidden(float[] x) {
      double[] in = IntStream.range(0, IN).mapToDouble(i -> x[i]).toArray();
      double[] g = product(0, in);
      double[] u = product(1, in);
      Arrays.setAll(g, i -> (relu ? Math.max(g[i], 0) : g[i] / (1 + Math.exp(-g[i]))) * u[i]);
      return g;
    }

    /** A token of the prompt. */
    double[] prompt(float[] x) {
      prompted = true;
      double[] h = hidden(x);
      double[] positive = DoubleStream.of(h).filter(v -> v > 0).sorted().toArray();
      int core = (int) Math.ceil(0.2 * positive.length - 1e-9);
      if (core > 0) {
        double least = positive[positive.length - core];
        close |=
            core < positive.length && least - positive[positive.length - core - 1] < 1e-5 * least;
        for (int i = 0; i < HIDDEN; i++) {
          often[i] += h[i] >= least ? 1 : 0;
          sums[i] += Math.max(h[i], 0);
        }
      }
      return product(2, h);
    }

    private boolean[] core() {
      List<Integer> order =
          IntStream.range(0, HIDDEN)
              .boxed()
              .sorted(
                  Comparator.comparingInt((Integer i) -> -often[i])
                      .thenComparingDouble(i -> -sums[i])
                      .thenComparingInt(i -> i))
              .toList();
      int last = order.get(kept - 1);
      int next = kept < HIDDEN ? order.get(kept) : last;
      close |=
          kept < HIDDEN
              && often[last] == often[next]
              && sums[last] != sums[next]
              && sums[last] - sums[next] < 1e-5 * sums[last];
      boolean[] core = new boolean[HIDDEN];
      order.subList(0, kept).forEach(i -> core[i] = true);
      return core;
    }

    /** A token after it: down(h * m). */
    double[] token(float[] x) {
      double[] h = hidden(x);
      if (prompted) {
        boolean[] core = core();
        Arrays.setAll(h, i -> core[i] ? h[i] : 0);
      }
      return product(2, h);
    }
  }

  private static float[] predict(Model model, float[] x, long... shape) {
    return Models.predict(model, x, new Shape(shape));
  }

  private static float[] row(float[] x, int row) {
    return Arrays.copyOfRange(x, row * IN, (row + 1) * IN);
  }

  private static void close(float[] found, double[] expected, int row, String what) {
    for (int i = 0; i < OUT; i++) {
      assertThat((double) found[row * OUT + i])
          .as("%s, row %s, output %s", what, row, i)
          .isCloseTo(expected[i], within(1e-5));
    }
  }

  /**
   * A sequence of prompts and tokens, against the definition; twice.
   *
   * @return whether it was clear what to choose
   */
  private static boolean isTheDefinition(
      Model model, GreedyIT.Plain weights, int kept, SplittableRandom random, String what) {
    int sequences = random.nextInt(1, 4);
    boolean clear = true;
    for (int again = 0; again < 2; again++) {
      Filigree.newSequence(model);
      List<Reference> references = new ArrayList<>();
      for (int s = 0; s < sequences; s++) {
        references.add(new Reference(weights, kept));
      }
      for (int part = 0; part < 3; part++) {
        int tokens = part == 0 ? 0 : random.nextInt(2, 7);
        float[] x = Models.gaussian(sequences * tokens * IN, random.nextLong());
        float[] y =
            tokens == 0
                ? new float[0]
                : sequences == 1 && again == 1
                    ? predict(model, x, tokens, IN)
                    : predict(model, x, sequences, tokens, IN);
        for (int t = 0; t < sequences * tokens; t++) {
          close(y, references.get(t / tokens).prompt(row(x, t)), t, what + ", prompt");
        }
        // Also between the parts of a prompt, and before it.
        for (int t = 0; t < 2; t++) {
          float[] one = Models.gaussian(sequences * IN, random.nextLong());
          float[] found = predict(model, one, sequences, 1, IN);
          for (int s = 0; s < sequences; s++) {
            double[] expected = references.get(s).token(row(one, s));
            clear &= !references.get(s).close;
            if (clear) {
              close(found, expected, s, what + ", token, part " + part);
            }
          }
        }
      }
    }
    return clear;
  }

  @Test
  void tokensAfterAPromptUseItsCoreNeurons(@TempDir Path folder) {
    long seed = new Random().nextInt(1_000_000);
    int clear = 0;
    int draws = 0;
    for (int draw = 0; draw < 4; draw++, seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      for (Core block : List.of(new Core(), new Fused(), new WithRelu())) {
        String what = "seed " + seed + ", " + block.getClass().getSimpleName();
        try (Model model = Models.initialised(block, new Shape(1, IN), seed)) {
          clear += isTheDefinition(model, block, 16, random, what) ? 1 : 0;
          Filigree.pack(model, SPARSE);
          clear += isTheDefinition(model, block, 16, random, what + ", packed") ? 1 : 0;
          Path file = folder.resolve("core" + draws + ".safetensors");
          Filigree.save(model, file);
          Core loaded = block instanceof WithRelu ? new WithRelu() : new Core();
          try (Model other = Model.newInstance("loaded")) {
            other.setBlock(loaded);
            Filigree.load(other, file);
            clear += isTheDefinition(other, block, 16, random, what + ", loaded") ? 1 : 0;
          }
          Filigree.bind(
              block, p -> p.withActivation(new ActivationPlan(ActivationMethod.COREINFER, 0.25)));
          clear += isTheDefinition(model, block, 30, random, what + ", 0.25") ? 1 : 0;
          draws += 4;
        }
      }
    }
    assertThat(clear).isGreaterThan(draws * 3 / 4);
  }

  @Test
  void needsNoCalibrationAndTheSummarySaysWhatServes() {
    try (Model model = Models.initialised(new Core(), new Shape(1, IN), 51)) {
      predict(model, new float[IN], 1, IN);
      ModelSummary summary = Filigree.summary(model);
      for (String path : List.of("w1", "w3")) {
        assertThat(Models.layer(summary, path).plan()).isEqualTo("coreinfer 0.6");
        assertThat(Models.layer(summary, path).reason())
            .isEqualTo("COREINFER outside a fused block: exact, not faster here");
      }
      assertThat(Models.layer(summary, "w2").reason()).isEqualTo("not packed");
      Filigree.pack(model, SPARSE);
      summary = Filigree.summary(model);
      assertThat(Models.layer(summary, "w1").format()).isEqualTo("dense");
      assertThat(Models.layer(summary, "w2").format()).isEqualTo("columns");
      assertThat(Models.layer(summary, "w2").reason()).isEmpty();
    }
    try (Model model = Models.initialised(new Fused(), new Shape(1, IN), 51)) {
      for (LayerSummary l : Filigree.pack(model, SPARSE).layers()) {
        assertThat(l.format()).isEqualTo("fused dense+columns");
        assertThat(l.reason()).isEmpty();
        assertThat(l.plan()).isEqualTo("coreinfer 0.6");
      }
    }
  }

  @Test
  void countsWhatTokensAfterPromptsSkip() {
    for (boolean packed : new boolean[] {false, true}) {
      try (Model model = Models.initialised(new Fused(), new Shape(1, IN), 52)) {
        float[] one = Models.gaussian(IN, 1);
        predict(model, one, 1, IN);
        assertThat(Models.layer(Filigree.summary(model), "w2").activationSparsity()).isNaN();
        if (packed) {
          Filigree.pack(model, SPARSE);
        }
        long before = Models.layer(Filigree.summary(model), "w1").packedForwards();
        predict(model, one, 1, IN);
        predict(model, Models.gaussian(5 * IN, 2), 5, IN);
        ModelSummary prompt = Filigree.summary(model);
        assertThat(Models.layer(prompt, "w1").packedForwards()).as("dense").isEqualTo(before);
        predict(model, one, 1, IN);
        predict(model, Models.gaussian(3 * IN, 3), 3, 1, IN);
        ModelSummary summary = Filigree.summary(model);
        assertThat(Models.layer(summary, "w1").packedForwards())
            .isEqualTo(before + (packed ? 2 : 0));
        assertThat(Models.layer(summary, "w2").activationSparsity()).isCloseTo(0.6, within(1e-12));
        assertThat(Models.layer(summary, "w1").activationSparsity()).isNaN();
      }
    }
  }

  /** Whatever the gate finds on the machine. */
  @Test
  void packingNeitherSeesNorForgetsPrompts() {
    for (Core block : List.of(new Core(), new Fused())) {
      try (Model model = Models.initialised(block, new Shape(1, IN), 53)) {
        float[] one = Models.gaussian(IN, 1);
        float[] dense = predict(model, one, 1, IN);
        Filigree.pack(model, PackOptions.defaults());
        BindingIT.close(predict(model, one, 1, IN), dense);
        Filigree.pack(model, SPARSE);
        predict(model, Models.gaussian(6 * IN, 2), 6, IN);
        float[] sparse = predict(model, one, 1, IN);
        assertThat(sparse).isNotEqualTo(dense);
        Filigree.pack(model, PackOptions.defaults());
        Filigree.pack(model, SPARSE);
        assertThat(predict(model, one, 1, IN)).containsExactly(sparse);
        Filigree.newSequence(model);
        BindingIT.close(predict(model, one, 1, IN), dense);
        Filigree.strip(model);
        assertThat(predict(model, one, 1, IN)).containsExactly(dense);
        predict(model, Models.gaussian(6 * IN, 2), 6, IN);
        assertThat(predict(model, one, 1, IN)).as("nothing bound").containsExactly(dense);
      }
    }
  }

  @Test
  void aPromptIsSeenWhereTheBlockRunsDenseAsWell() {
    Fused block = new Fused();
    try (Model model = Models.initialised(block, new Shape(1, IN), 56)) {
      Filigree.pack(model, new PackOptions(List.of(1, 6), PackOptions.Mode.ALWAYS_SPARSE));
      Binding whole = Bindings.get(block);
      whole.setServing(((FusedServing) whole.serving()).denseAt(6));
      float[] one = Models.gaussian(IN, 1);
      float[] dense = predict(model, one, 1, IN);
      Reference reference = new Reference(block, 16);
      float[] prompt = Models.gaussian(6 * IN, 2);
      predict(model, prompt, 6, IN);
      for (int t = 0; t < 6; t++) {
        reference.prompt(row(prompt, t));
      }
      float[] found = predict(model, one, 1, IN);
      close(found, reference.token(one), 0, "after a prompt");
      assertThat(found).isNotEqualTo(dense);
      float[] six = predict(model, prompt, 6, 1, IN);
      Filigree.newSequence(model);
      BindingIT.close(six, predict(model, prompt, 6, 1, IN));
    }
  }

  @Test
  void aPromptInTwoPartsIsOnePromptUntilANewSequence() {
    for (boolean packed : new boolean[] {false, true}) {
      try (Model model = Models.initialised(new Fused(), new Shape(1, IN), 54)) {
        if (packed) {
          Filigree.pack(model, SPARSE);
        }
        float[] x = Models.gaussian(9 * IN, 1);
        float[] one = Models.gaussian(IN, 2);
        predict(model, x, 1, 9, IN);
        float[] whole = predict(model, one, 1, 1, IN);
        Filigree.newSequence(model);
        predict(model, Arrays.copyOf(x, 4 * IN), 1, 4, IN);
        float[] first = predict(model, one, 1, 1, IN);
        predict(model, Arrays.copyOfRange(x, 4 * IN, 9 * IN), 1, 5, IN);
        assertThat(predict(model, one, 1, 1, IN)).containsExactly(whole).isNotEqualTo(first);
        Filigree.newSequence(model);
        predict(model, Arrays.copyOf(x, 4 * IN), 1, 4, IN);
        assertThat(predict(model, one, 1, 1, IN)).containsExactly(first);
      }
    }
  }

  @Test
  void sequencesOfABatchHaveTheirOwnCore() {
    for (boolean packed : new boolean[] {false, true}) {
      try (Model model = Models.initialised(new Fused(), new Shape(1, IN), 55)) {
        if (packed) {
          Filigree.pack(model, SPARSE);
        }
        float[] x = Models.gaussian(2 * 5 * IN, 1);
        float[] two = Models.gaussian(2 * IN, 2);
        float[] both = new float[2 * OUT];
        for (int s = 0; s < 2; s++) {
          Filigree.newSequence(model);
          predict(model, Arrays.copyOfRange(x, s * 5 * IN, (s + 1) * 5 * IN), 5, IN);
          System.arraycopy(predict(model, row(two, s), 1, IN), 0, both, s * OUT, OUT);
        }
        Filigree.newSequence(model);
        predict(model, x, 2, 5, IN);
        BindingIT.close(predict(model, two, 2, 1, IN), both);
        // Two beams of each.
        float[] beams = new float[4 * IN];
        float[] expected = new float[4 * OUT];
        for (int b = 0; b < 4; b++) {
          System.arraycopy(two, b / 2 * IN, beams, b * IN, IN);
          System.arraycopy(both, b / 2 * OUT, expected, b * OUT, OUT);
        }
        BindingIT.close(predict(model, beams, 4, 1, IN), expected);
      }
    }
  }

  @Test
  void tokensThatBelongToNoPromptRunDense() {
    for (boolean packed : new boolean[] {false, true}) {
      try (Model model = Models.initialised(new Fused(), new Shape(1, IN), 56)) {
        if (packed) {
          Filigree.pack(model, SPARSE);
        }
        float[] one = Models.gaussian(IN, 2);
        float[] dense = predict(model, one, 1, IN);
        predict(model, Models.gaussian(2 * 5 * IN, 1), 2, 5, IN);
        assertThat(predict(model, one, 1, 1, IN)).containsExactly(dense);
        Filigree.newSequence(model);
        assertThat(predict(model, one, 1, IN)).containsExactly(dense);
      }
    }
  }

  @Test
  void threadsDoNotSeeEachOthersPrompts() throws Exception {
    int threads = 4;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    for (boolean packed : new boolean[] {false, true}) {
      try (Model model = Models.initialised(new Fused(), new Shape(1, IN), 57)) {
        float[] one = Models.gaussian(IN, 1);
        float[] dense = predict(model, one, 1, IN);
        if (packed) {
          Filigree.pack(model, SPARSE);
        }
        List<float[]> alone = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
          Filigree.newSequence(model);
          predict(model, Models.gaussian(5 * IN, 10 + t), 5, IN);
          alone.add(predict(model, one, 1, IN));
        }
        assertThat(alone.get(0)).isNotEqualTo(alone.get(1));
        List<Callable<Boolean>> work = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
          int own = t;
          work.add(
              () -> {
                for (int round = 0; round < 20; round++) {
                  int prompt = (own + round) % threads;
                  Filigree.newSequence(model);
                  BindingIT.close(predict(model, one, 1, IN), dense);
                  predict(model, Models.gaussian(5 * IN, 10 + prompt), 5, IN);
                  for (int token = 0; token < 3; token++) {
                    BindingIT.close(predict(model, one, 1, IN), alone.get(prompt));
                  }
                }
                return true;
              });
        }
        for (Future<Boolean> done : pool.invokeAll(work)) {
          assertThat(done.get()).isTrue();
        }
        assertThat(predict(model, one, 1, IN)).as("of this thread").isEqualTo(alone.get(3));
      }
    }
    pool.shutdown();
  }

  @Test
  void otherModelsHaveNoSequences() {
    try (Model model = Models.initialised(new Plain(), new Shape(1, IN), 58)) {
      float[] one = Models.gaussian(IN, 1);
      float[] dense = predict(model, one, 1, IN);
      Filigree.newSequence(model);
      assertThat(predict(model, one, 1, IN)).containsExactly(dense);
    }
  }

  /** Declares nothing. */
  static final class Plain extends GreedyIT.Plain {
    private final Linear w1 = child("w1", HIDDEN);
    private final Linear w3 = child("w3", HIDDEN);
    private final Linear w2 = child("w2", OUT);

    @Override
    List<Linear> layers() {
      return List.of(w1, w3, w2);
    }
  }
}
