package dev.filigree.decoder.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;

/**
 * The mean negative log-likelihood of the next ids, in nats per token: labels [batch][tokens],
 * predictions [batch][tokens][vocab]. DJL's own loss takes no more than one dimension before the
 * classes.
 */
public final class NextTokenLoss extends Loss {
  private final Loss classes = new SoftmaxCrossEntropyLoss();

  /** The loss. */
  public NextTokenLoss() {
    super("NextTokenLoss");
  }

  @Override
  public NDArray evaluate(NDList labels, NDList predictions) {
    NDArray logits = predictions.head();
    NDArray flat = logits.reshape(-1, logits.getShape().getLastDimension());
    return classes.evaluate(new NDList(labels.head().flatten()), new NDList(flat));
  }
}
