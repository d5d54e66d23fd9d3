package dev.filigree.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparsityCountTest {

  @ParameterizedTest
  @CsvSource({
    "100,0.29,29", // 28.999999999999996 in binary
    "100,0.57,57",
    "1000,0.001,1",
    "10,0.0,0",
    "0,0.5,0",
    "7,0.5,3",
    "3,0.9999999999999999,2",
    "1,0.999,0",
    "9223372036854775807,0.5,4611686018427387903"
  })
  void floorOfTheExactDecimal(long n, double s, long expected) {
    assertThat(SparsityCount.floor(n, s)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"100,0.29,29", "100,0.291,30", "10,0.0,1", "7,0.5,4", "1,0.001,1", "4,1.0,4"})
  void rankCountsFromOne(long n, double s, long expected) {
    assertThat(SparsityCount.rank(n, s)).isEqualTo(expected);
  }

  @Test
  void everyTwoDigitSparsityIsExact() {
    for (int percent = 0; percent < 100; percent++) {
      double s = Double.parseDouble("0." + (percent < 10 ? "0" : "") + percent);
      for (int n : new int[] {1, 3, 100, 768, 4096, 11008, 1_000_003}) {
        assertThat(SparsityCount.floor(n, s)).isEqualTo((long) n * percent / 100);
      }
    }
  }

  @Test
  void floorAndRankEncloseTheProduct() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 10_000; i++) {
      long n = random.nextInt(Integer.MAX_VALUE);
      double s = random.nextInt(1_000_000) / 1e6;
      BigDecimal product = new BigDecimal(Double.toString(s)).multiply(BigDecimal.valueOf(n));
      assertThat(SparsityCount.floor(n, s))
          .as("seed %s, n %s, s %s", seed, n, s)
          .isEqualTo(product.setScale(0, RoundingMode.FLOOR).longValueExact());
      assertThat(SparsityCount.rank(n, s))
          .as("seed %s, n %s, s %s", seed, n, s)
          .isEqualTo(Math.max(1, product.setScale(0, RoundingMode.CEILING).longValueExact()));
    }
  }
}
