package dev.filigree.cli.bench;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** What DJL's own layers compute, dense in float32. */
final class DjlSide extends Side {
  private final Op op;

  /** [copy][matrix]. */
  private final List<List<NDArray>> weights;

  private DjlSide(LayerSpec spec, List<List<NDArray>> weights, List<NDArray> inputs) {
    super("dense", weights.size(), spec.denseBytes(), inputs);
    this.op = spec.op();
    this.weights = weights;
  }

  /**
   * Copies the weights into arrays of DJL.
   *
   * @param dense [rows][cols] of every matrix
   * @throws FiligreeException FIL-0613 where the engine has no memory left
   */
  static DjlSide of(
      NDManager manager, LayerSpec spec, List<ByteBuffer> dense, int copies, List<NDArray> inputs) {
    List<List<NDArray>> weights = new ArrayList<>();
    for (int i = 0; i < copies; i++) {
      weights.add(arrays(manager, spec, dense));
    }
    return new DjlSide(spec, weights, inputs);
  }

  /**
   * One copy of the weights as arrays of DJL.
   *
   * @throws FiligreeException FIL-0613 where the engine has no memory left
   */
  static List<NDArray> arrays(NDManager manager, LayerSpec spec, List<ByteBuffer> dense) {
    try {
      List<NDArray> arrays = new ArrayList<>();
      for (int i = 0; i < dense.size(); i++) {
        MatrixShape shape = spec.matrices().get(i);
        NDArray w = manager.create(new Shape(shape.rows(), shape.cols()), DataType.FLOAT32);
        NativeFloats.of(w).put(0, dense.get(i), 0, dense.get(i).limit());
        arrays.add(w);
      }
      return arrays;
    } catch (EngineException e) {
      throw new FiligreeException(e, Message.FIL_0613, "DJL says " + e.getMessage());
    }
  }

  @Override
  NDList answer(NDArray x, int copy) {
    return answer(op, x, weights.get(copy));
  }

  /** What DJL computes with these weights. */
  static NDList answer(Op op, NDArray x, List<NDArray> w) {
    return switch (op) {
      case LINEAR -> Linear.linear(x, w.get(0));
      case GATED_FFN -> feedForward(x, w, Float.NaN);
      case QKV -> {
        NDList outputs = new NDList();
        for (NDArray projection : w) {
          outputs.addAll(Linear.linear(x, projection));
        }
        yield outputs;
      }
    };
  }

  /**
   * The block as a user writes it.
   *
   * @param threshold gates whose SiLU is not greater in magnitude become zero; NaN for none
   */
  static NDList feedForward(NDArray x, List<NDArray> w, float threshold) {
    try (NDArray g = Linear.linear(x, w.get(0)).head();
        NDArray u = Linear.linear(x, w.get(1)).head();
        NDArray silu = Activation.sigmoid(g)) {
      silu.muli(g);
      if (!Float.isNaN(threshold)) {
        try (NDArray kept = silu.abs().gt(threshold).toType(DataType.FLOAT32, false)) {
          silu.muli(kept);
        }
      }
      return Linear.linear(silu.muli(u), w.get(2));
    }
  }

  /** SiLU of the gates. */
  static NDArray gates(NDArray x, List<NDArray> w) {
    NDArray g = Linear.linear(x, w.get(0)).head();
    try (NDArray sigmoid = Activation.sigmoid(g)) {
      return g.muli(sigmoid);
    }
  }

  List<NDArray> weights(int copy) {
    return weights.get(copy);
  }
}
