package dev.filigree.mask;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.plan.Pattern;
import java.nio.FloatBuffer;
import java.util.Random;
import java.util.function.IntBinaryOperator;
import org.junit.jupiter.api.Test;

final class PatternFinderTest {
  private static String found(int rows, int cols, IntBinaryOperator value) {
    FloatBuffer w = FloatBuffer.allocate(rows * cols);
    for (int i = 0; i < rows * cols; i++) {
      w.put(i, value.applyAsInt(i / cols, i % cols));
    }
    return PatternFinder.find(Mask.ofNonZeros(w, rows, cols)).map(Pattern::text).orElse("dense");
  }

  @Test
  void everyPatternIsFound() {
    Random random = new Random(3);
    int[][] coin = new int[64][64];
    for (int[] row : coin) {
      for (int i = 0; i < row.length; i++) {
        row[i] = random.nextInt(2);
      }
    }
    assertThat(found(8, 8, (r, c) -> 1)).isEqualTo("dense");
    assertThat(found(8, 8, (r, c) -> r % 3 == 0 ? 1 : 0)).isEqualTo("row");
    assertThat(found(8, 8, (r, c) -> c % 3 == 0 ? 1 : 0)).isEqualTo("channel");
    assertThat(found(8, 8, (r, c) -> (r + c) % 4 < 2 ? 1 : 0)).isEqualTo("2:4");
    assertThat(found(8, 16, (r, c) -> (c / 3 + r) % 8 == 0 || c % 8 == 7 ? 1 : 0))
        .isEqualTo("unstructured");
    assertThat(found(8, 16, (r, c) -> c % 8 < 5 && r > 0 || c % 8 > 2 && r == 0 ? 1 : 0))
        .isEqualTo("5:8");
    assertThat(found(64, 64, (r, c) -> coin[r / 4][c])).isEqualTo("block:4x1");
    assertThat(found(64, 64, (r, c) -> coin[r / 16][c / 2])).isEqualTo("block:16x2");
    assertThat(found(30, 7, (r, c) -> coin[r / 4][c])).isEqualTo("block:4x1");
    assertThat(found(64, 64, (r, c) -> coin[r][c])).isEqualTo("unstructured");
  }
}
