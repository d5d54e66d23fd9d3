package dev.filigree.benchmarks;

import dev.filigree.gate.Copies;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One layer as parameters describe it. Weights are normally distributed; which of them are zero is
 * random, in units of the family's blocks. Every call takes the next copy of the weights and the
 * next input.
 */
@State(Scope.Thread)
public abstract class Layer {
  private static final int INPUTS = 16;
  private static final long SEED = 1;

  /** Outputs. */
  @Param("4096")
  public int rows;

  /** Inputs. */
  @Param("1024")
  public int cols;

  /** Share of the weights that is zero. */
  @Param({"0.5", "0.9"})
  public double sparsity;

  /** Stored type of the weights. */
  @Param("f32")
  public String values;

  /** Activation rows of one call. */
  @Param({"1", "64"})
  public int batch;

  /** MiB of weights that calls rotate over; 0 keeps one copy, which then lies in the cache. */
  @Param("256")
  public int coldMib;

  private List<PackedMatrix> weights;
  private ByteBuffer[] inputs;
  private ByteBuffer output;
  private int call;

  /** Packs the weights. */
  void pack(String format, int blockRows, int blockCols) {
    ByteBuffer dense = gaussian(rows * cols, new Random(SEED));
    prune(dense, rows, cols, sparsity, blockRows, blockCols);
    PackedMatrix packed = PackedMatrices.of(format, valueType(), dense, rows, cols);
    weights = copies().of(packed);
    inputs = inputs(batch * cols);
    output = AlignedMemory.allocate(Float.BYTES * batch * rows);
    sayKernels();
  }

  /** Says which kernels run; a fork without the Vector API measures something else. */
  static void sayKernels() {
    System.out.println("# Kernels: " + KernelSelection.description());
  }

  /** How many copies {@link #coldMib} asks for. */
  final Copies copies() {
    return new Copies((long) coldMib << 20, false);
  }

  final ValueType valueType() {
    return ValueType.of(values)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "values=" + values + "; legal: " + ValueType.labels()));
  }

  /** Inputs of that many numbers each. */
  static ByteBuffer[] inputs(int count) {
    Random random = new Random(SEED + 1);
    return IntStream.range(0, INPUTS)
        .mapToObj(i -> gaussian(count, random))
        .toArray(ByteBuffer[]::new);
  }

  static ByteBuffer gaussian(int count, Random random) {
    ByteBuffer out = AlignedMemory.allocate(Float.BYTES * count);
    for (int i = 0; i < count; i++) {
      out.putFloat(Float.BYTES * i, (float) random.nextGaussian());
    }
    return out;
  }

  /** Makes that share of the blocks zero, each block with the same probability. */
  static void prune(
      ByteBuffer dense, int rows, int cols, double sparsity, int blockRows, int blockCols) {
    Random random = new Random(SEED + 2);
    for (int r = 0; r < rows; r += blockRows) {
      for (int c = 0; c < cols; c += blockCols) {
        if (random.nextDouble() < sparsity) {
          for (int i = r; i < Math.min(rows, r + blockRows); i++) {
            for (int j = c; j < Math.min(cols, c + blockCols); j++) {
              dense.putFloat(Float.BYTES * (i * cols + j), 0f);
            }
          }
        }
      }
    }
  }

  /** The next copy of the weights. */
  final PackedMatrix nextWeights() {
    return weights.get(call++ % weights.size());
  }

  /** The input that goes with it. */
  final ByteBuffer nextInput() {
    return inputs[call % INPUTS];
  }

  /** Computes the layer once. */
  final ByteBuffer product() {
    ByteBuffer x = nextInput();
    nextWeights().multiply(x, batch, null, output);
    return output;
  }

  final ByteBuffer output() {
    return output;
  }

  /** Frees the weights. */
  @TearDown
  public void free() {
    if (weights != null) {
      weights.forEach(PackedMatrix::close);
    }
  }
}
