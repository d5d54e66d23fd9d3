package dev.filigree.cli.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.filigree.gate.Copies;
import dev.filigree.kernel.Activation;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.GatedFeedForward;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Our gated feed-forward as a block served in DJL computes it: one call, the result in DJL. */
final class FeedForwardSide extends OwnSide {
  private final LayerSpec spec;
  private final List<GatedFeedForward> blocks;
  private final float threshold;

  private FeedForwardSide(
      LayerSpec spec,
      String label,
      List<GatedFeedForward> blocks,
      float threshold,
      List<NDArray> inputs) {
    super(label, blocks.size(), blocks.get(0).bytes(), inputs);
    this.spec = spec;
    this.blocks = List.copyOf(blocks);
    this.threshold = threshold;
  }

  /**
   * Packs the weights.
   *
   * @param format of all three matrices where no hidden unit is skipped
   * @param dense gate, up and down
   * @param threshold of the gate; NaN where no hidden unit is skipped
   */
  static FeedForwardSide of(
      LayerSpec spec,
      String label,
      String format,
      ValueType values,
      List<ByteBuffer> dense,
      float threshold,
      Copies copies,
      List<NDArray> inputs) {
    boolean gated = !Float.isNaN(threshold);
    List<PackedMatrix> first = new ArrayList<>();
    for (int m = 0; m < 3; m++) {
      MatrixShape shape = spec.matrices().get(m);
      String stored = gated && m < 2 ? PackedFormat.DENSE.stored() : format;
      first.add(PackedMatrices.of(stored, values, dense.get(m), shape.rows(), shape.cols()));
    }
    int count = copies.count(first.stream().mapToLong(PackedMatrix::bytes).sum());
    List<List<PackedMatrix>> all = first.stream().map(m -> Copies.of(m, count)).toList();
    List<GatedFeedForward> blocks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      blocks.add(
          GatedFeedForward.of(
              all.get(0).get(i),
              all.get(1).get(i),
              all.get(2).get(i),
              GatedFeedForward.Biases.NONE,
              Activation.SILU));
    }
    return new FeedForwardSide(spec, label, blocks, threshold, inputs);
  }

  @Override
  NDList answer(NDArray x, int copy) {
    GatedFeedForward block = blocks.get(copy);
    NDArray y = x.getManager().create(new Shape(spec.batch(), block.outputs()), DataType.FLOAT32);
    ByteBuffer in = NativeFloats.of(x);
    ByteBuffer out = NativeFloats.of(y);
    if (Float.isNaN(threshold)) {
      block.multiply(in, spec.batch(), out);
    } else {
      block.multiplyGated(in, spec.batch(), threshold, out);
    }
    return new NDList(y);
  }

  /** The gate is read whole; of up and down what the gates keep, one activation row at a time. */
  @Override
  double shareRead() {
    boolean skips = !Float.isNaN(threshold) && spec.batch() == 1;
    return skips ? (1 + 2 * (1 - spec.activationSparsity())) / 3 : 1;
  }

  @Override
  void unpack(ByteBuffer all) {
    int at = 0;
    for (PackedMatrix matrix : blocks.get(0).matrices()) {
      int bytes = Math.toIntExact(4L * matrix.rows() * matrix.cols());
      matrix.unpack(all.slice(at, bytes).order(java.nio.ByteOrder.nativeOrder()));
      at += bytes;
    }
  }
}
