package dev.filigree.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class WorkersTest {
  private static final long LARGE = 1L << 40;

  @Test
  void everyUnitRunsOnce() {
    try (Workers workers = new Workers(3)) {
      for (int units : new int[] {0, 1, 15, 16, 17, 100, 1023}) {
        for (int parts = 1; parts <= 8; parts++) {
          BitSet seen = new BitSet();
          workers.run(
              units,
              16,
              parts,
              LARGE,
              (from, to) -> {
                synchronized (seen) {
                  assertThat(from % 16).isZero();
                  assertThat(seen.get(from, to).isEmpty()).isTrue();
                  seen.set(from, to);
                }
              });
          assertThat(seen.cardinality()).isEqualTo(units);
        }
      }
    }
  }

  @Test
  void otherThreadsTakePart() {
    try (Workers workers = new Workers(2)) {
      Set<Thread> threads = ConcurrentHashMap.newKeySet();
      CountDownLatch both = new CountDownLatch(2);
      // Each part waits for the other one, so this ends only if two threads run.
      workers.run(
          2,
          1,
          1,
          LARGE,
          (from, to) -> {
            threads.add(Thread.currentThread());
            both.countDown();
            await(both);
          });
      assertThat(threads).hasSize(2).contains(Thread.currentThread());
    }
  }

  @Test
  void aFailureInAPartReachesTheCallerAndTheWorkersGoOn() {
    try (Workers workers = new Workers(2)) {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(
                () ->
                    workers.run(
                        64,
                        1,
                        4,
                        LARGE,
                        (from, to) -> {
                          throw new IllegalArgumentException("part " + from);
                        }))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("part ");
      }
      int[] units = new int[1];
      workers.run(
          64,
          1,
          4,
          LARGE,
          (from, to) -> {
            synchronized (units) {
              units[0] += to - from;
            }
          });
      assertThat(units[0]).isEqualTo(64);
    }
  }

  @Test
  void aJobInsideAJobRunsAlone() {
    try (Workers workers = new Workers(2)) {
      int[] units = new int[1];
      workers.run(
          4,
          1,
          2,
          LARGE,
          (from, to) ->
              workers.run(
                  10,
                  1,
                  1,
                  LARGE,
                  (a, b) -> {
                    synchronized (units) {
                      units[0] += (b - a) * (to - from);
                    }
                  }));
      assertThat(units[0]).isEqualTo(40);
    }
  }

  @Test
  void smallWorkStaysOnTheCaller() {
    try (Workers workers = new Workers(2)) {
      Set<Thread> threads = ConcurrentHashMap.newKeySet();
      workers.run(1000, 1, 4, 1000, (from, to) -> threads.add(Thread.currentThread()));
      assertThat(threads).containsExactly(Thread.currentThread());
    }
  }

  @Test
  void worksAloneAfterClose() {
    Workers workers = new Workers(2);
    workers.run(64, 1, 1, LARGE, (from, to) -> {});
    workers.close();
    int[] calls = new int[1];
    workers.run(64, 1, 1, LARGE, (from, to) -> calls[0] += to - from);
    assertThat(calls[0]).isEqualTo(64);
    assertThatThrownBy(() -> new Workers(0)).hasMessageContaining("at least 1");
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
