package dev.filigree.cli.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.filigree.calibrate.ActiveInputs;
import dev.filigree.pack.ColumnsMatrix;
import dev.filigree.pack.PackedMatrix;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Our product as a layer served in DJL computes it, on another copy of the weights and another
 * input every call: the result is an array of DJL, and inputs to skip are found in the input
 * itself.
 */
final class PackedSide implements Runnable {
  private final LayerSpec spec;
  private final String label;
  private final List<PackedMatrix> weights;
  private final List<NDArray> inputs;
  private final Shape result;
  private final boolean skips;
  private final int[] active;
  private int next;

  /**
   * @param label the format's name in results
   * @param weights copies of one matrix
   * @param inputs [batch, cols] each
   */
  PackedSide(LayerSpec spec, String label, List<PackedMatrix> weights, List<NDArray> inputs) {
    this.spec = spec;
    this.label = label;
    this.weights = List.copyOf(weights);
    this.inputs = inputs;
    this.result = new Shape(spec.batch(), spec.rows());
    // As in serving: only one activation row has one set of inputs to skip.
    this.skips =
        spec.batch() == 1 && spec.zeroInputs() > 0 && weights.get(0) instanceof ColumnsMatrix;
    this.active = new int[skips ? spec.cols() : 0];
  }

  @Override
  public void run() {
    int call = next++;
    answer(inputs.get(call % inputs.size()), weights.get(call % weights.size())).close();
  }

  /** The outputs [batch, rows], to be closed. */
  NDArray answer(NDArray x) {
    return answer(x, weights.get(0));
  }

  private NDArray answer(NDArray x, PackedMatrix w) {
    NDArray y = x.getManager().create(result, DataType.FLOAT32);
    ByteBuffer in = NativeFloats.of(x);
    ByteBuffer out = NativeFloats.of(y);
    if (skips) {
      int count = ActiveInputs.above(in.asFloatBuffer(), 0, spec.cols(), 0f, active);
      ((ColumnsMatrix) w).multiplyActive(in, active, count, null, out);
    } else {
      w.multiply(in, spec.batch(), null, out);
    }
    return y;
  }

  String label() {
    return label;
  }

  int copies() {
    return weights.size();
  }

  /** Bytes of one copy. */
  long bytes() {
    return weights.get(0).bytes();
  }

  /** Bytes of weights one call needs, each counted once. */
  long bytesRead() {
    return skips ? 4L * spec.rows() * (spec.cols() - spec.zeroInputs()) : bytes();
  }
}
