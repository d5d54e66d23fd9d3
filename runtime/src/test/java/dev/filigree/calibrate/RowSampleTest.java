package dev.filigree.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RowSampleTest {
  /** Row r of width 3 is r, r + 0.25, r + 0.5. */
  private static FloatBuffer rows(int from, int count) {
    FloatBuffer out = FloatBuffer.allocate(3 * count);
    for (int i = 0; i < 3 * count; i++) {
      out.put(i, from + i / 3 + i % 3 * 0.25f);
    }
    return out;
  }

  @Test
  void everyRowWhileThereIsRoom() {
    RowSample sample = new RowSample(3, 40);
    sample.add(rows(0, 5));
    sample.add(rows(5, 35));
    assertThat(sample.rows()).isEqualTo(40);
    assertThat(sample.values()).containsExactly(rows(0, 40).array());
  }

  @Test
  void evenlySpreadHoweverTheStreamIsCut() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 200; i++) {
      int most = 1 + random.nextInt(50);
      int total = 1 + random.nextInt(500);
      RowSample sample = new RowSample(3, most);
      for (int at = 0; at < total; ) {
        int count = Math.min(total - at, random.nextInt(60));
        // A part from the middle of a buffer.
        FloatBuffer part = rows(at - 1, count + 2);
        part.position(3).limit(3 + 3 * count);
        sample.add(part);
        assertThat(part.position()).isEqualTo(3);
        at += count;
      }
      String as = "seed %s, draw %s: %s of %s".formatted(seed, i, most, total);
      float[] values = sample.values();
      int n = sample.rows();
      assertThat(values).as(as).hasSize(3 * n);
      assertThat(sample.seen()).as(as).isEqualTo(total);
      assertThat(n).as(as).isBetween(Math.min(total, (most + 1) / 2), Math.min(total, most));
      int every = n == 1 ? total : (int) values[3];
      assertThat(Integer.bitCount(n == 1 ? 1 : every)).as(as).isEqualTo(1);
      for (int r = 0; r < n; r++) {
        for (int c = 0; c < 3; c++) {
          assertThat(values[3 * r + c]).as(as).isEqualTo(r * every + c * 0.25f);
        }
      }
      assertThat((long) n * every).as(as).isGreaterThanOrEqualTo(total);
    }
  }

  @Test
  void wholeRowsOnly() {
    RowSample sample = new RowSample(3, 4);
    assertThatThrownBy(() -> sample.add(FloatBuffer.allocate(4)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("4 values for rows of 3");
    assertThatThrownBy(() -> new RowSample(0, 1)).isInstanceOf(IllegalArgumentException.class);
  }
}
