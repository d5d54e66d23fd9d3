package dev.filigree.cli.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.List;

/**
 * One way to compute the operation; every {@link #run} takes another copy of the weights and
 * another input.
 */
abstract class Side implements Runnable {
  private final String label;
  private final int copies;
  private final long bytes;
  private final List<NDArray> inputs;
  private int next;

  /**
   * @param label the name in results
   * @param copies of the weights
   * @param bytes of one copy
   * @param inputs [batch, cols] each
   */
  Side(String label, int copies, long bytes, List<NDArray> inputs) {
    this.label = label;
    this.copies = copies;
    this.bytes = bytes;
    this.inputs = inputs;
  }

  @Override
  public final void run() {
    int call = next++;
    answer(inputs.get(call % inputs.size()), call % copies).close();
  }

  /** The outputs on one copy of the weights, to be closed. */
  abstract NDList answer(NDArray x, int copy);

  final String label() {
    return label;
  }

  final int copies() {
    return copies;
  }

  /** Bytes of one copy of the weights. */
  final long bytes() {
    return bytes;
  }
}
