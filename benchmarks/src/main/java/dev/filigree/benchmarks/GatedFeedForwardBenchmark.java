package dev.filigree.benchmarks;

import dev.filigree.gate.Copies;
import dev.filigree.kernel.Activation;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.GatedFeedForward;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** down(SiLU(gate x) * up x) in one call, with and without skipping hidden units (CATS). */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class GatedFeedForwardBenchmark {
  private static final int INPUTS = 16;

  /** Hidden units. */
  @Param("4096")
  public int rows;

  /** Inputs, and outputs. */
  @Param("1024")
  public int cols;

  /** Share of the hidden units that are below the threshold. */
  @Param({"0.5", "0.9"})
  public double sparsity;

  /** Stored type of the weights. */
  @Param("f32")
  public String values;

  /** Activation rows of one call. */
  @Param("1")
  public int batch;

  /** MiB of weights that calls rotate over; 0 keeps one copy. */
  @Param("256")
  public int coldMib;

  private final List<GatedFeedForward> blocks = new ArrayList<>();
  private ByteBuffer[] inputs;
  private ByteBuffer output;
  private float threshold;
  private int call;

  /** Packs the weights and finds the threshold on the inputs of the run. */
  @Setup
  public void pack() {
    Random random = new Random(1);
    ByteBuffer gate = Layer.gaussian(rows * cols, random);
    ByteBuffer up = Layer.gaussian(rows * cols, random);
    ByteBuffer down = Layer.gaussian(rows * cols, random);
    ValueType type = ValueType.of(values).orElseThrow();
    long bytes = 3L * Float.BYTES * rows * cols;
    for (int i = new Copies((long) coldMib << 20, false).count(bytes); i > 0; i--) {
      blocks.add(
          GatedFeedForward.pack(
              GatedFeedForward.Layout.BY_OUTPUTS,
              type,
              gate,
              up,
              down,
              cols,
              rows,
              cols,
              GatedFeedForward.Biases.NONE,
              Activation.SILU));
    }
    inputs = Layer.inputs(batch * cols);
    output = AlignedMemory.allocate(Float.BYTES * batch * cols);
    threshold = threshold(gate);
    Layer.sayKernels();
  }

  private float threshold(ByteBuffer gate) {
    double[] magnitudes = new double[rows];
    for (int r = 0; r < rows; r++) {
      double g = 0;
      for (int c = 0; c < cols; c++) {
        g += gate.getFloat(Float.BYTES * (r * cols + c)) * inputs[0].getFloat(Float.BYTES * c);
      }
      magnitudes[r] = Math.abs(g / (1 + Math.exp(-g)));
    }
    Arrays.sort(magnitudes);
    return (float) magnitudes[(int) (sparsity * (rows - 1))];
  }

  /** All hidden units. */
  @Benchmark
  public ByteBuffer multiply() {
    next().multiply(inputs[call % INPUTS], batch, output);
    return output;
  }

  /** Only hidden units above the threshold. */
  @Benchmark
  public ByteBuffer multiplyGated() {
    next().multiplyGated(inputs[call % INPUTS], batch, threshold, output);
    return output;
  }

  private GatedFeedForward next() {
    return blocks.get(call++ % blocks.size());
  }

  /** Frees the weights. */
  @TearDown
  public void free() {
    blocks.forEach(GatedFeedForward::close);
  }
}
