package dev.filigree.benchmarks;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.Warmup;

/** Blocks of outputs by inputs; zeros come in blocks of the same shape. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class StripsBenchmark extends Layer {

  /** The shape of a block. */
  @Param({"strip4x1", "strip16x1", "strip1x16"})
  public String strip;

  /** Packs the weights. */
  @Setup
  public void pack() {
    switch (strip) {
      case "strip4x1" -> pack(strip, 4, 1);
      case "strip16x1" -> pack(strip, 16, 1);
      default -> pack(strip, 1, 16);
    }
  }

  /** y = W x. */
  @Benchmark
  public ByteBuffer multiply() {
    return product();
  }
}
