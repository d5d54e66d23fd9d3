package dev.filigree.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MaskTest {
  @Test
  void bitsAndDigestFollowTheContract() {
    FloatBuffer w = FloatBuffer.wrap(new float[] {1, 0, -0f, 2, Float.NaN, 0, 0, 3, 4, 0});
    Mask mask = Mask.ofNonZeros(w, 2, 5);
    assertThat(mask.toBits()).containsExactly(0b10011001, 0b10000000);
    assertThat(mask.keptCount()).isEqualTo(5);
    assertThat(mask.sparsity()).isEqualTo(0.5);
    // printf '\x99\x80' | sha256sum
    assertThat(mask.sha256())
        .isEqualTo("3f5f3e7e23da5d8d731acdb1b065834e29a693f2fcfdf25954309310414e7263");
    assertThat(Mask.ofBits(ByteBuffer.wrap(mask.toBits()), 2, 5)).isEqualTo(mask);
  }

  @Test
  void applyKeepsBitsAndWritesPositiveZero() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      int rows = 1 + random.nextInt(9);
      int cols = 1 + random.nextInt(150);
      float[] pattern = new float[rows * cols];
      float[] values = new float[rows * cols + 3];
      for (int i = 0; i < pattern.length; i++) {
        pattern[i] = random.nextInt(2);
      }
      for (int i = 0; i < values.length; i++) {
        values[i] = Float.intBitsToFloat(random.nextInt());
      }
      float[] before = values.clone();
      Mask mask = Mask.ofNonZeros(FloatBuffer.wrap(pattern), rows, cols);
      FloatBuffer w = FloatBuffer.wrap(values, 3, rows * cols);
      mask.apply(w);
      float[] ones = new float[pattern.length];
      mask.writeTo(FloatBuffer.wrap(ones));
      assertThat(ones).as("seed %s", seed).isEqualTo(pattern);
      assertThat(w.position()).isEqualTo(3);
      assertThat(mask.violations(w)).isZero();
      for (int i = 0; i < values.length; i++) {
        boolean kept = i < 3 || pattern[i - 3] == 1;
        assertThat(Float.floatToRawIntBits(values[i]))
            .as("seed %s, weight %s", seed, i)
            .isEqualTo(kept ? Float.floatToRawIntBits(before[i]) : 0);
      }
    }
  }

  @Test
  void comparesMasks() {
    Mask a = Mask.ofNonZeros(FloatBuffer.wrap(new float[] {1, 1, 0, 0}), 1, 4);
    Mask b = Mask.ofNonZeros(FloatBuffer.wrap(new float[] {1, 0, 0, 1}), 1, 4);
    assertThat(a.flips(b)).isEqualTo(2);
    assertThat(Mask.all(1, 4).contains(a)).isTrue();
    assertThat(a.contains(b)).isFalse();
    assertThat(a.keepsAtMost(2, 4)).isTrue();
    assertThat(a.keepsAtMost(1, 2)).isFalse();
    assertThat(a.violations(FloatBuffer.wrap(new float[] {0, 5, 6, -0f}))).isEqualTo(1);
    assertThatThrownBy(() -> a.flips(Mask.all(2, 2))).hasMessageContaining("FIL-0411");
  }

  @Test
  void wrongSizesAreRefused() {
    assertThatThrownBy(() -> Mask.ofNonZeros(FloatBuffer.allocate(5), 2, 2))
        .hasMessage(
            "FIL-0408: There are 5 weights, but 2 rows of 2 columns need another number. Pass exactly rows * columns, row-major.");
    assertThatThrownBy(() -> Mask.ofBits(ByteBuffer.wrap(new byte[] {-1}), 1, 7))
        .hasMessageContaining("FIL-0410");
    assertThatThrownBy(() -> Mask.ofBits(ByteBuffer.wrap(new byte[2]), 1, 7))
        .hasMessageContaining("FIL-0408");
    assertThatThrownBy(() -> Mask.all(1, 7).kept(0, 7))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void rowsAreTheMaskOfThoseRows() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      int rows = 1 + random.nextInt(12);
      int cols = 1 + random.nextInt(150);
      float[] w = new float[rows * cols];
      for (int i = 0; i < w.length; i++) {
        w[i] = random.nextInt(2);
      }
      int first = random.nextInt(rows + 1);
      int count = random.nextInt(rows - first + 1);
      Mask part = Mask.ofNonZeros(FloatBuffer.wrap(w), rows, cols).rows(first, count);
      assertThat(part)
          .as("seed %s: %s x %s, %s rows from %s", seed, rows, cols, count, first)
          .isEqualTo(Mask.ofNonZeros(FloatBuffer.wrap(w, first * cols, count * cols), count, cols));
    }
    assertThatThrownBy(() -> Mask.all(3, 4).rows(2, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }
}
