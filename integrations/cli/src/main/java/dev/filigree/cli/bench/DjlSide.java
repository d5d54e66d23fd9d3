package dev.filigree.cli.bench;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** What DJL's Linear computes, on another copy of the weights and another input every call. */
final class DjlSide implements Runnable {
  private final List<NDArray> weights;
  private final List<NDArray> inputs;
  private int next;

  private DjlSide(List<NDArray> weights, List<NDArray> inputs) {
    this.weights = weights;
    this.inputs = inputs;
  }

  /**
   * Copies the weights into arrays of DJL.
   *
   * @param dense [rows][cols]
   * @throws FiligreeException FIL-0613 where the engine has no memory left
   */
  static DjlSide of(
      NDManager manager, LayerSpec spec, ByteBuffer dense, int copies, List<NDArray> inputs) {
    try {
      List<NDArray> weights = new ArrayList<>();
      for (int i = 0; i < copies; i++) {
        NDArray w = manager.create(new Shape(spec.rows(), spec.cols()), DataType.FLOAT32);
        NativeFloats.of(w).put(0, dense, 0, dense.limit());
        weights.add(w);
      }
      return new DjlSide(weights, inputs);
    } catch (EngineException e) {
      throw new FiligreeException(e, Message.FIL_0613, "DJL says " + e.getMessage());
    }
  }

  @Override
  public void run() {
    int call = next++;
    answer(inputs.get(call % inputs.size()), weights.get(call % weights.size())).close();
  }

  /** The dense outputs [batch, rows], to be closed. */
  NDList answer(NDArray x) {
    return answer(x, weights.get(0));
  }

  private static NDList answer(NDArray x, NDArray w) {
    return Linear.linear(x, w);
  }

  int copies() {
    return weights.size();
  }
}
