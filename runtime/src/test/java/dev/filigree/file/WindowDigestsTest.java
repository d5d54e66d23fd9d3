package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The share of common windows, known without the data. */
final class WindowDigestsTest {
  private static int[] ids(long seed, int n) {
    return new Random(seed).ints(n, 0, 30_000).toArray();
  }

  @Test
  void countsWindowsThatOccurInTheOtherData() {
    int[] known = ids(1, 200);
    WindowDigests digests = WindowDigests.of(List.of(ids(2, 50), known));
    int[] mixed = ids(3, 100);
    System.arraycopy(known, 40, mixed, 10, 30); // 30 - 12 of its 88 windows
    assertThat(digests.shareOf(List.of(mixed))).isEqualTo(18 / 88.0);
    assertThat(digests.shareOf(List.of(mixed, ids(4, 12)))).isEqualTo(18 / 88.0);
    assertThat(digests.shareOf(List.of(known))).isEqualTo(1);
    assertThat(digests.shareOf(List.of(ids(5, 500)))).isZero();
    assertThat(digests.shareOf(List.of(ids(5, 12)))).isZero();
  }

  @Test
  void comeBackFromTheirText() {
    WindowDigests digests = WindowDigests.of(List.of(ids(1, 60)));
    WindowDigests read = WindowDigests.parse(digests.text()).orElseThrow();
    assertThat(read.text()).isEqualTo(digests.text()).hasSize(320); // 48 windows of 5 bytes
    assertThat(read.shareOf(List.of(Arrays.copyOf(ids(1, 60), 30)))).isEqualTo(1);
    read.add(WindowDigests.of(List.of(ids(2, 20))));
    assertThat(read.shareOf(List.of(ids(2, 20)))).isEqualTo(1);
    assertThat(WindowDigests.parse("AAAA")).isEmpty();
    assertThat(WindowDigests.parse("?")).isEmpty();
    assertThat(WindowDigests.parse("").orElseThrow().text()).isEmpty();
  }
}
