package dev.filigree.mask;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The cut over arrays that are looked at one at a time is that of a stable sort of all. */
final class KeyCutTest {
  private record Place(int array, int index) {}

  @Test
  void agreesWithStableSortHoweverFewAreGathered() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 600; round++) {
      List<double[]> arrays = new ArrayList<>();
      List<Place> places = new ArrayList<>();
      for (int i = 0; i <= random.nextInt(5); i++) {
        arrays.add(numbers(random, random.nextInt(60)));
        for (int j = 0; j < arrays.get(i).length; j++) {
          places.add(new Place(i, j));
        }
      }
      if (places.isEmpty()) {
        continue;
      }
      places.sort(
          (a, b) -> // + 0.0: zeros of both signs are equal
          Double.compare(arrays.get(a.array)[a.index] + 0.0, arrays.get(b.array)[b.index] + 0.0));
      int count = 1 + random.nextInt(places.size());
      boolean[][] expected =
          arrays.stream().map(a -> new boolean[a.length]).toArray(boolean[][]::new);
      places.subList(0, count).forEach(p -> expected[p.array][p.index] = true);
      int gather = random.nextBoolean() ? random.nextInt(4) : random.nextInt(300);
      KeyCut cut =
          KeyCut.of(arrays::get, arrays.stream().mapToLong(a -> a.length).toArray(), count, gather);
      for (int i : IntStream.range(0, arrays.size()).toArray()) {
        double[] a = arrays.get(i);
        boolean[] removed = new boolean[a.length];
        Lowest.markUpTo(a, 0, a.length, cut.key(), cut.tiesBelow(i), removed);
        assertThat(removed)
            .as("seed %s round %s array %s of %s", seed, round, i, Arrays.toString(a))
            .isEqualTo(expected[i]);
      }
    }
  }

  private static double[] numbers(Random random, int n) {
    int kind = random.nextInt(4);
    double[] out = new double[n];
    for (int i = 0; i < n; i++) {
      out[i] =
          switch (kind) {
            case 0 -> random.nextInt(4) - 1;
            case 1 -> 1 + random.nextInt(5) * Math.ulp(1.0); // differ in the last bits alone
            case 2 -> random.nextGaussian();
            default ->
                new double[] {
                      -0.0,
                      0.0,
                      Double.MIN_VALUE,
                      Double.POSITIVE_INFINITY,
                      Double.NEGATIVE_INFINITY
                    }
                    [random.nextInt(5)];
          };
    }
    return out;
  }

  @Test
  void asksForEveryArrayAsOftenAsItMust() {
    Random random = new Random(1);
    double[] large = random.doubles(1 << 20).toArray();
    int[] asked = new int[1];
    KeyCut cut =
        KeyCut.of(
            i -> {
              asked[0]++;
              return large;
            },
            new long[] {large.length, large.length},
            /* count= */ 1 << 20,
            /* gather= */ 1 << 14);
    assertThat(asked[0]).as("a histogram, and what is left").isEqualTo(4);
    double[] sorted = large.clone();
    Arrays.sort(sorted);
    assertThat(cut.key()).isEqualTo(OrderStatistic.key(sorted[(1 << 19) - 1]));
    assertThat(cut.tiesBelow(0)).isEqualTo(1);
    assertThat(cut.tiesBelow(1)).isEqualTo(1);
  }
}
