package dev.filigree.cli.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.filigree.calibrate.ActiveInputs;
import dev.filigree.gate.Copies;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.ColumnsMatrix;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Our product as a layer served in DJL computes it: results are arrays of DJL, and inputs to skip
 * are found in the input itself. Projections that share an input are one matrix, their rows behind
 * each other.
 */
final class PackedSide extends OwnSide {
  private final LayerSpec spec;
  private final List<PackedMatrix> weights;
  private final int outputs;
  private final boolean skips;
  private final int[] active;

  private PackedSide(
      LayerSpec spec, String label, List<PackedMatrix> weights, List<NDArray> inputs) {
    super(label, weights.size(), weights.get(0).bytes(), inputs);
    this.spec = spec;
    this.weights = List.copyOf(weights);
    this.outputs = weights.get(0).rows();
    // As in serving: only one activation row has one set of inputs to skip.
    this.skips =
        spec.batch() == 1 && spec.zeroInputs() > 0 && weights.get(0) instanceof ColumnsMatrix;
    this.active = new int[skips ? spec.cols() : 0];
  }

  /**
   * Packs the weights.
   *
   * @param format as {@link PackedMatrices} knows it
   * @param all every matrix [rows][cols], one behind the other
   */
  static PackedSide of(
      LayerSpec spec,
      String label,
      String format,
      ValueType values,
      ByteBuffer all,
      Copies copies,
      List<NDArray> inputs) {
    int rows = spec.matrices().stream().mapToInt(MatrixShape::rows).sum();
    PackedMatrix packed = PackedMatrices.of(format, values, all, rows, spec.cols());
    return new PackedSide(spec, label, copies.of(packed), inputs);
  }

  @Override
  NDList answer(NDArray x, int copy) {
    PackedMatrix w = weights.get(copy);
    NDArray y = x.getManager().create(new Shape(spec.batch(), outputs), DataType.FLOAT32);
    ByteBuffer in = NativeFloats.of(x);
    ByteBuffer out = NativeFloats.of(y);
    if (skips) {
      int count = ActiveInputs.above(in.asFloatBuffer(), 0, spec.cols(), 0f, active);
      ((ColumnsMatrix) w).multiplyActive(in, active, count, null, out);
    } else {
      w.multiply(in, spec.batch(), null, out);
    }
    if (spec.op() == Op.LINEAR) {
      return new NDList(y);
    }
    NDList projections = y.split(spec.matrices().size(), 1);
    y.close();
    return projections;
  }

  @Override
  double shareRead() {
    return skips ? 1 - (double) spec.zeroInputs() / spec.cols() : 1;
  }

  @Override
  void unpack(ByteBuffer all) {
    weights.get(0).unpack(all);
  }
}
