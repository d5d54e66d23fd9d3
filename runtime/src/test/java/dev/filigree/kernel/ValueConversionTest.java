package dev.filigree.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ValueConversionTest {

  @Test
  void everyBfloat16SurvivesTheWayThroughFloat() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = Bf16.toFloat((short) bits);
      if (Float.isNaN(value)) {
        assertThat(Bf16.toFloat(Bf16.of(value))).isNaN();
      } else {
        assertThat(Bf16.of(value)).isEqualTo((short) bits);
      }
    }
  }

  @Test
  void bfloat16RoundsToTheNearestAndTiesToEven() {
    float ulp = 1f / 128;
    assertThat(Bf16.toFloat(Bf16.of(1 + 0.49f * ulp))).isEqualTo(1f);
    assertThat(Bf16.toFloat(Bf16.of(1 + 0.51f * ulp))).isEqualTo(1 + ulp);
    assertThat(Bf16.toFloat(Bf16.of(1 + 0.5f * ulp))).isEqualTo(1f);
    assertThat(Bf16.toFloat(Bf16.of(1 + 1.5f * ulp))).isEqualTo(1 + 2 * ulp);
    assertThat(Bf16.toFloat(Bf16.of(Float.MAX_VALUE))).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(Bf16.toFloat(Bf16.of(Float.intBitsToFloat(0x7F800001)))).isNaN();
  }

  @Test
  void integersAreOffByHalfAScaleAtMost() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 100_000; i++) {
      float largest = (float) Math.exp(20 * random.nextDouble() - 10);
      float value = largest * (2 * random.nextFloat() - 1);
      float scale = Int8.scale(largest);
      double error = Math.abs((double) Int8.of(value, scale) * scale - value);
      assertThat(error).as("seed %d, %s of %s", seed, value, largest).isLessThan(0.5001 * scale);
    }
    assertThat(Int8.of(5f, Int8.scale(5f))).isEqualTo((byte) 127);
    assertThat(Int8.of(-5f, Int8.scale(5f))).isEqualTo((byte) -127);
    assertThat(Int8.of(0f, Int8.scale(0f))).isEqualTo((byte) 0);
    assertThat(Int8.of(2.5f, 1f)).isEqualTo((byte) 2);
  }
}
