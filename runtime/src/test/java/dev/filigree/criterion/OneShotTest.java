package dev.filigree.criterion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.annotations.Scope;
import dev.filigree.kernel.Workers;
import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Pattern;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class OneShotTest {
  private static final Pattern UNSTRUCTURED = new Pattern.Unstructured();

  @ParameterizedTest
  @EnumSource(names = {"MAGNITUDE", "RANDOM", "WANDA", "GBLM"})
  void removesTheLowestScoresAndKeepsTheBitsOfTheRest(OneShotMethod method) {
    long seed = new Random().nextLong();
    Layer layer = layer(seed);
    OneShot oneShot = new OneShot(OneShotPlan.of(method, UNSTRUCTURED, 0.3));
    double[] scores = oneShot.scores(layer);
    Pruned pruned = oneShot.prune(layer);
    for (int r = 0; r < 6; r++) {
      double[] row = Arrays.copyOfRange(scores, r * 50, r * 50 + 50);
      double[] sorted = row.clone();
      Arrays.sort(sorted);
      for (int c = 0; c < 50; c++) {
        String at = "seed " + seed + " at " + r + ", " + c;
        assertThat(pruned.mask().kept(r, c)).as(at).isEqualTo(row[c] >= sorted[15]);
        float expected = row[c] >= sorted[15] ? layer.weights().get(r * 50 + c) : 0f;
        assertThat(pruned.weights().get(r * 50 + c)).as(at).isEqualTo(expected);
      }
    }
    assertThat(pruned.updated()).isFalse();
  }

  @Test
  void gblmIsWandaPlusGradients() {
    Layer layer = layer(3);
    double[] norms = layer.statistics().norms();
    double[] scores =
        new OneShot(OneShotPlan.of(OneShotMethod.GBLM, UNSTRUCTURED, 0.5)).scores(layer);
    int i = 2 * 50 + 7;
    double w = Math.abs((double) layer.weights().get(i));
    assertThat(scores[i]).isEqualTo(w * (norms[7] / 2 + 100 * layer.gradients().norms()[i]));
  }

  @Test
  void blocksHaveTheScopeOfTheLayerByDefault() {
    Layer layer = layer(1);
    Pruned pruned =
        new OneShot(OneShotPlan.of(OneShotMethod.WANDA, new Pattern.Block(2, 5), 0.5)).prune(layer);
    assertThat(pruned.mask().keptCount()).isEqualTo(150);
  }

  @Test
  void globalCountsOverAllLayers() {
    Layer a = Layer.of("b", 1, 4, FloatBuffer.wrap(new float[] {1, 2, 3, 4}));
    Layer b = Layer.of("a", 1, 4, FloatBuffer.wrap(new float[] {1, 20, 30, 40}));
    OneShotPlan plan =
        OneShotPlan.of(OneShotMethod.MAGNITUDE, UNSTRUCTURED, 0.5).withScope(Scope.GLOBAL);
    List<Pruned> pruned = new OneShot(plan).pruneAll(List.of(a, b));
    assertThat(pruned).extracting(Pruned::name).containsExactly("b", "a");
    assertThat(pruned.get(0).mask().keptCount()).isEqualTo(1);
    assertThat(pruned.get(1).mask().keptCount()).isEqualTo(3);
    // Of the two ones the one of "a" goes first.
    Pruned first = new OneShot(plan.withSparsity(0.125)).pruneAll(List.of(a, b)).get(1);
    assertThat(first.mask().kept(0, 0)).isFalse();
  }

  @ParameterizedTest
  @EnumSource(names = {"MAGNITUDE", "WANDA", "SPARSEGPT"})
  void swapsKeepTheCountsAndBringRowsCloser(OneShotMethod method) {
    long seed = new Random().nextLong();
    Data data = new Data(seed, 30, 64, 300);
    Layer layer = data.layer(Workers.shared());
    for (Pattern pattern : List.of(UNSTRUCTURED, new Pattern.NM(2, 4))) {
      OneShotPlan plan = OneShotPlan.of(method, pattern, 0.5).withScope(Scope.ROW);
      Mask before = new OneShot(plan).prune(layer).mask();
      OneShotPlan refined = plan.refinedBy(new Dsnot(50, 0.01, 10));
      Pruned after = null;
      for (int threads = 1; threads <= 3; threads++) {
        try (Workers workers = new Workers(threads)) {
          Pruned pruned = new OneShot(refined, workers).prune(layer);
          assertThat(after == null || after.mask().equals(pruned.mask())).isTrue();
          after = pruned;
        }
      }
      double changed = 0;
      for (int r = 0; r < 30; r++) {
        double worse = error(layer, before, r);
        double better = error(layer, after.mask(), r);
        assertThat(better).as("seed %s row %s", seed, r).isLessThanOrEqualTo(worse * (1 + 1e-12));
        changed += better < worse ? 1 : 0;
        assertThat(keptInRow(after.mask(), r)).isEqualTo(keptInRow(before, r));
      }
      assertThat(changed).as("seed %s", seed).isGreaterThan(5);
      assertThat(!(pattern instanceof Pattern.NM) || after.mask().keepsAtMost(2, 4)).isTrue();
      assertThat(after.mask().violations(after.weights())).isZero();
      assertThat(after.updated()).isFalse();
    }
  }

  @Test
  void whatIsMissingOrWrongIsNamed() {
    Layer plain = Layer.of("fc", 6, 50, layer(1).weights());
    refused("FIL-0420", () -> prune(OneShotMethod.WANDA, plain));
    refused("gradients", () -> prune(OneShotMethod.GBLM, plain.with(layer(1).statistics())));
    refused(
        "dsnot",
        () ->
            new OneShot(
                    OneShotPlan.of(OneShotMethod.MAGNITUDE, UNSTRUCTURED, 0.5)
                        .refinedBy(Dsnot.published(1)))
                .prune(plain));
    refused(
        "FIL-0421",
        () ->
            OneShotPlan.of(OneShotMethod.MAGNITUDE, new Pattern.Row(), 0.5)
                .refinedBy(Dsnot.published(1)));
    refused("FIL-0101", () -> OneShotPlan.of(OneShotMethod.WANDA, UNSTRUCTURED, 1));
    refused("FIL-0101", () -> OneShotPlan.of(OneShotMethod.WANDA, UNSTRUCTURED, Double.NaN));
    refused("FIL-0102", () -> OneShotPlan.of(OneShotMethod.WANDA, new Pattern.NM(5, 4), 0));
    refused(
        "FIL-0424",
        () -> Layer.of("fc", 1, 2, FloatBuffer.allocate(2)).with(layer(1).statistics()));
    refused(
        "FIL-0426: fc holds NaN at row 1, column 0",
        () -> Layer.of("fc", 2, 2, FloatBuffer.wrap(new float[] {1, 2, Float.NaN, 4})));
    refused("FIL-0408", () -> Layer.of("fc", 2, 3, FloatBuffer.allocate(5)));
    refused(
        "FIL-0202",
        () ->
            new OneShot(OneShotPlan.of(OneShotMethod.SPARSEGPT, new Pattern.NM(2, 4), 0))
                .prune(layer(1)));
  }

  private static Pruned prune(OneShotMethod method, Layer layer) {
    return new OneShot(OneShotPlan.of(method, UNSTRUCTURED, 0.5)).prune(layer);
  }

  private static void refused(
      String text, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(FiligreeException.class).hasMessageContaining(text);
  }

  private static double error(Layer layer, Mask mask, int r) {
    double[] sums = layer.statistics().sums();
    double error = 0;
    for (int c = 0; c < mask.cols(); c++) {
      error += mask.kept(r, c) ? 0 : layer.weights().get(r * mask.cols() + c) * (sums[c] / 10);
    }
    return Math.abs(error);
  }

  private static int keptInRow(Mask mask, int r) {
    int count = 0;
    for (int c = 0; c < mask.cols(); c++) {
      count += mask.kept(r, c) ? 1 : 0;
    }
    return count;
  }

  private static Layer layer(long seed) {
    Random random = new Random(seed);
    double[] gradients = random.doubles(300).map(v -> v / 50).toArray();
    return new Data(seed, 6, 50, 80)
        .layer(Workers.shared())
        .with(new Gradients(gradients, Gradients.ALPHA, 4));
  }
}
