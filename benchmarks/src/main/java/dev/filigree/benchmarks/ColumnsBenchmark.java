package dev.filigree.benchmarks;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.Warmup;

/** One row per input, so that inputs which do not count are not read; sparsity is theirs. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class ColumnsBenchmark extends Layer {

  private int[] active;
  private int count;

  /** Packs the weights, all of them, and draws the inputs that count. */
  @Setup
  public void pack() {
    double share = sparsity;
    sparsity = 0;
    pack("columns", 1, 1);
    sparsity = share;
    Random random = new Random(3);
    active = IntStream.range(0, cols).filter(i -> random.nextDouble() >= share).toArray();
    count = active.length;
  }

  /** y = W x for one row, reading only the weights of inputs that count; the batch is ignored. */
  @Benchmark
  public ByteBuffer multiplyActive() {
    ByteBuffer x = nextInput();
    nextWeights().multiplyActive(x, active, count, null, output());
    return output();
  }

  /** y = W x. */
  @Benchmark
  public ByteBuffer multiply() {
    return product();
  }
}
