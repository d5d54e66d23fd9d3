package dev.filigree.criterion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.annotations.Scope;
import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Pattern;
import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SparseGptTest {
  private static final Pattern UNSTRUCTURED = new Pattern.Unstructured();

  @ParameterizedTest
  @CsvSource({
    "150, 0.5, LAYER, 0, 0", "150, 0.3, ROW, 0, 0", "132, 0, ROW, 1, 3", "140, 0, ROW, 3, 7",
    "24, 0.77, LAYER, 0, 0", "160, 0, ROW, 9, 160", "130, 0, ROW, 1, 1", "140, 0, LAYER, 0, 0"
  })
  void isTheDefinition(int cols, double sparsity, Scope scope, int n, int m) {
    long seed = new Random().nextLong();
    Data data = new Data(seed, 9, cols, 2 * cols);
    data.killInput(5);
    Pattern pattern = m > 0 ? new Pattern.NM(n, m) : UNSTRUCTURED;
    OneShotPlan plan = OneShotPlan.of(OneShotMethod.SPARSEGPT, pattern, sparsity).withScope(scope);
    NaiveSparseGpt naive = new NaiveSparseGpt(data.w, data.x, sparsity, scope == Scope.ROW, n, m);
    Pruned first = null;
    for (int threads = 1; threads <= 3; threads++) {
      try (Workers workers = new Workers(threads)) {
        Pruned pruned = new OneShot(plan, workers).prune(data.layer(workers));
        for (int r = 0; r < 9; r++) {
          for (int c = 0; c < cols; c++) {
            String at = "seed " + seed + " at " + r + ", " + c;
            assertThat(pruned.mask().kept(r, c)).as(at).isEqualTo(naive.kept[r][c]);
            assertThat((double) pruned.weights().get(r * cols + c))
                .as(at)
                .isCloseTo(naive.w[r][c], within(1e-6));
          }
        }
        assertThat(pruned.updated()).isTrue();
        first = first == null ? pruned : first;
        assertThat(pruned.weights()).isEqualTo(first.weights());
      }
    }
  }

  @Test
  void losesLessThanTheSameMaskWithoutUpdatesAndThanWanda() {
    Data data = new Data(4, 40, 256, 600);
    Workers workers = Workers.shared();
    Layer layer = data.layer(workers);
    Pruned gpt = prune(OneShotMethod.SPARSEGPT, layer);
    FloatBuffer masked = FloatBuffer.allocate(40 * 256).put(layer.weights().duplicate()).flip();
    gpt.mask().apply(masked);
    double error = ReconstructionError.of(layer, gpt.weights(), workers);
    assertThat(error).isLessThan(0.9 * ReconstructionError.of(layer, masked, workers));
    Pruned wanda = prune(OneShotMethod.WANDA, layer);
    assertThat(error).isLessThan(0.9 * ReconstructionError.of(layer, wanda.weights(), workers));
  }

  @Test
  void whatCannotBeFactoredIsPrunedByWandaWithAWarning() {
    Data data = new Data(4, 4, 8, 30);
    LayerStatistics statistics = data.statistics(Workers.shared());
    statistics.gram().orElseThrow()[3][3] = Double.NaN;
    Layer layer = Layer.of("fc", 4, 8, data.weights()).with(statistics);
    Pruned pruned = prune(OneShotMethod.SPARSEGPT, layer);
    assertThat(pruned.updated()).isFalse();
    assertThat(pruned.warnings()).hasSize(1);
    assertThat(pruned.warnings().get(0)).contains("FIL-0422").contains("fc").contains("Wanda");
    assertThat(pruned.mask().keptCount()).isEqualTo(16);
  }

  @Test
  void moreDampingIsTriedFirst() {
    Data data = new Data(4, 4, 8, 30);
    LayerStatistics statistics = data.statistics(Workers.shared());
    double[][] gram = statistics.gram().orElseThrow();
    double trace = 0;
    for (int j = 0; j < 8; j++) {
      trace += gram[j][j];
    }
    gram[0][0] -= 0.05 * trace / 8 + gram[0][0];
    Pruned pruned =
        prune(OneShotMethod.SPARSEGPT, Layer.of("fc", 4, 8, data.weights()).with(statistics));
    assertThat(pruned.updated()).isTrue();
    assertThat(pruned.warnings()).hasSize(1);
    assertThat(pruned.warnings().get(0)).contains("FIL-0427").contains("damping");
  }

  @Test
  void blocksAndTheGlobalScopeAreRefused() {
    assertThatThrownBy(() -> OneShotPlan.of(OneShotMethod.SPARSEGPT, new Pattern.Block(4, 1), 0.5))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0421")
        .hasMessageContaining("block:4x1");
    OneShotPlan plan = OneShotPlan.of(OneShotMethod.SPARSEGPT, UNSTRUCTURED, 0.5);
    assertThatThrownBy(() -> plan.withScope(Scope.GLOBAL))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("global");
  }

  @Test
  void withoutTheProductsOfInputsItIsRefused() {
    Data data = new Data(4, 4, 8, 30);
    LayerStatistics sums = new LayerStatistics("fc", 8, LayerStatistics.Contents.SUMS);
    sums.add(FloatBuffer.allocate(16));
    Layer layer = Layer.of("fc", 4, 8, data.weights());
    assertThatThrownBy(() -> prune(OneShotMethod.SPARSEGPT, layer.with(sums)))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0420")
        .hasMessageContaining("X^T X");
    assertThatThrownBy(() -> prune(OneShotMethod.SPARSEGPT, layer))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0420");
  }

  private static Pruned prune(OneShotMethod method, Layer layer) {
    return new OneShot(OneShotPlan.of(method, UNSTRUCTURED, 0.5)).prune(layer);
  }
}
