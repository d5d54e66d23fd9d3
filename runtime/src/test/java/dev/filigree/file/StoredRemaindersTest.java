package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.pack.Remainder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class StoredRemaindersTest {
  private static final int IN = 6;
  private static final int OUT = 4;
  private static final String NAME = StoredRemainders.nameFor("w");

  private static float[] random(int n) {
    float[] out = new float[n];
    Random random = new Random(n);
    for (int i = 0; i < n; i++) {
      out[i] = random.nextFloat();
    }
    return out;
  }

  private static Remainder remainder(int rank) {
    return new Remainder(random(IN), 3, rank, random(rank * IN), random(OUT * rank));
  }

  private static Map<String, Tensor> stored(int rank) {
    Map<String, Tensor> out = new TreeMap<>();
    StoredRemainders.tensors(NAME, remainder(rank)).forEach(t -> out.put(t.name(), t));
    return out;
  }

  private static Remainder read(Map<String, Tensor> stored)
      throws StoredRemainders.BrokenException {
    return StoredRemainders.read(n -> Optional.ofNullable(stored.get(n)), NAME, OUT, IN, 3);
  }

  @Test
  void comesBack() throws StoredRemainders.BrokenException {
    for (int rank : new int[] {0, 1, OUT}) {
      Map<String, Tensor> stored = stored(rank);
      assertThat(stored).hasSize(rank == 0 ? 1 : 3);
      Remainder r = read(stored);
      assertThat(r.rank()).isEqualTo(rank);
      assertThat(r.kept()).isEqualTo(3);
      assertThat(r.norms()).containsExactly(remainder(rank).norms());
      assertThat(r.in()).containsExactly(remainder(rank).in());
      assertThat(r.out()).containsExactly(remainder(rank).out());
    }
  }

  @Test
  void isToldApartFromWeights() {
    assertThat(stored(2).keySet()).allMatch(StoredRemainders::isBeside);
    assertThat(StoredRemainders.isBeside(StoredMasks.nameFor("w"))).isTrue();
    assertThat(StoredRemainders.isBeside("w")).isFalse();
    assertThat(StoredRemainders.isBeside("w.norms")).isFalse();
  }

  @Test
  void whatDoesNotFitIsNamed() {
    List<String> names = new ArrayList<>(stored(2).keySet());
    assertThat(names).containsExactly(NAME + ".in", NAME + ".norms", NAME + ".out");
    for (String name : names) {
      Map<String, Tensor> stored = stored(2);
      Tensor good = stored.get(name);
      long[] flat = {good.bytes() / 4, 1, 1};
      ByteBuffer infinite = ByteBuffer.allocate((int) good.bytes());
      infinite.order(java.nio.ByteOrder.LITTLE_ENDIAN).putFloat(4, Float.POSITIVE_INFINITY);
      List<Tensor> bad = new ArrayList<>();
      bad.add(Tensor.of(name, DType.F32, flat, good.data()));
      bad.add(Tensor.of(name, DType.I32, good.shape(), good.data()));
      bad.add(Tensor.of(name, DType.F32, good.shape(), infinite));
      for (Tensor t : bad) {
        stored.put(name, t);
        broken(stored, name);
      }
    }
    for (String name : List.of(NAME + ".norms", NAME + ".out")) {
      Map<String, Tensor> stored = stored(2);
      stored.remove(name);
      broken(stored, name);
    }
    Map<String, Tensor> large = stored(2);
    large.put(
        NAME + ".in",
        Tensor.of(NAME + ".in", DType.F32, new long[] {5, IN}, ByteBuffer.allocate(120)));
    broken(large, NAME + ".in");
  }

  /** A lone factor cannot say that there is no rank. */
  @Test
  void aFactorWithoutTheOtherIsNamed() {
    Map<String, Tensor> stored = stored(2);
    stored.remove(NAME + ".in");
    broken(stored, NAME + ".in");
  }

  private static void broken(Map<String, Tensor> stored, String name) {
    assertThatThrownBy(() -> read(stored))
        .isInstanceOfSatisfying(
            StoredRemainders.BrokenException.class, e -> assertThat(e.tensor()).isEqualTo(name));
  }
}
