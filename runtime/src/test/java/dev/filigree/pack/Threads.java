package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.kernel.Execution;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.Workers;
import dev.filigree.pack.Samples.Pattern;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** The same bits for every number of threads, and for many callers at once. */
abstract class Threads {
  private static final int ROWS = 421;
  private static final int COLS = 517;

  @Test
  void bitsDoNotDependOnTheNumberOfThreads() {
    Random random = new Random(3);
    float[] w = Samples.weights(random, Pattern.UNIFORM, ROWS, COLS, 0.6);
    for (Samples.Stored stored : Samples.stored()) {
      StoredMatrix<?> matrix = stored.pack(w, ROWS, COLS);
      for (int batch : new int[] {1, 3, 4, 16, 70}) {
        ByteBuffer x = Samples.direct(Samples.gaussian(random, batch * COLS));
        ByteBuffer bias = Samples.direct(Samples.gaussian(random, ROWS));
        float[] alone = null;
        for (int threads : new int[] {1, 2, 3, 5}) {
          try (Workers workers = new Workers(threads)) {
            ByteBuffer y = Samples.direct(new float[batch * ROWS]);
            matrix.multiply(new Execution(KernelSelection.current(), workers), x, batch, bias, y);
            alone = alone == null ? Samples.array(y) : alone;
            assertThat(Samples.array(y))
                .as(stored + ", batch " + batch + ", " + threads + " threads")
                .isEqualTo(alone);
          }
        }
      }
    }
  }

  /** With garbage collections in between: the memory of matrices and inputs must stay. */
  @Test
  void eightCallersAtOnceAgreeWithOne() throws Exception {
    Random random = new Random(4);
    float[] w = Samples.weights(random, Pattern.UNIFORM, ROWS, COLS, 0.6);
    float[] inputs = Samples.gaussian(random, 4 * COLS);
    ExecutorService callers = Executors.newFixedThreadPool(8);
    try (Workers workers = new Workers(2)) {
      Execution on = new Execution(KernelSelection.current(), workers);
      List<Future<?>> done = new ArrayList<>();
      for (Samples.Stored stored : Samples.stored()) {
        StoredMatrix<?> matrix = stored.pack(w, ROWS, COLS);
        float[] expected = multiply(matrix, on, inputs);
        for (int caller = 0; caller < 8; caller++) {
          done.add(
              callers.submit(
                  () -> {
                    for (int i = 0; i < 25; i++) {
                      assertThat(multiply(matrix, on, inputs)).as("%s", stored).isEqualTo(expected);
                    }
                  }));
        }
      }
      for (int i = 0; i < 5; i++) {
        System.gc();
      }
      for (Future<?> future : done) {
        future.get();
      }
    } finally {
      callers.shutdownNow();
    }
  }

  private static float[] multiply(StoredMatrix<?> matrix, Execution on, float[] inputs) {
    ByteBuffer y = Samples.direct(new float[4 * ROWS]);
    matrix.multiply(on, Samples.direct(inputs), 4, null, y);
    return Samples.array(y);
  }
}
