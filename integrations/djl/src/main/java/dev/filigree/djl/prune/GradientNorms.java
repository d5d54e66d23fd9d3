package dev.filigree.djl.prune;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import dev.filigree.criterion.Gradients;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * ||G_ij|| of GBLM-Pruner: the root of the sum of squares of a weight's gradient, one backward pass
 * per calibration sample. Weights do not change.
 */
final class GradientNorms {
  private GradientNorms() {}

  static Map<Target, Gradients> of(Model model, Samples data, List<Target> targets, Loss loss) {
    Map<Target, double[]> squares = new LinkedHashMap<>();
    targets.forEach(t -> squares.put(t, new double[t.dense().capacity()]));
    try (NDManager manager = model.getNDManager().newSubManager()) {
      data.forEach(
          manager,
          (i, batch, labels) -> {
            if (labels.isEmpty()) {
              throw new FiligreeException(Message.FIL_0227, "the calibration data have no labels");
            }
            long samples = batch.head().getShape().get(0);
            for (long s = 0; s < samples; s++) {
              sample(model, row(batch, s), row(labels, s), loss, squares);
            }
          });
    }
    targets.forEach(
        t -> t.parameter().getArray().setRequiresGradient(t.parameter().requiresGradient()));
    Map<Target, Gradients> out = new LinkedHashMap<>();
    squares.forEach(
        (t, q) ->
            out.put(
                t, new Gradients(Arrays.stream(q).map(Math::sqrt).toArray(), Gradients.ALPHA, 1)));
    return out;
  }

  private static NDList row(NDList batch, long s) {
    NDList one = new NDList();
    batch.forEach(a -> one.add(a.get(new NDIndex(s + ":" + (s + 1)))));
    return one;
  }

  private static void sample(
      Model model, NDList inputs, NDList labels, Loss loss, Map<Target, double[]> squares) {
    try (NDManager manager = model.getNDManager().newSubManager()) {
      ParameterStore store = new ParameterStore(manager, false);
      clear(squares);
      try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
        NDArray value =
            Dispatch.bypassed(
                () -> loss.evaluate(labels, model.getBlock().forward(store, inputs, false)));
        collector.backward(value);
        value.close();
      }
      squares.forEach((t, q) -> add(t, q));
      clear(squares);
    } finally {
      inputs.close();
      labels.close();
    }
  }

  private static void add(Target t, double[] squares) {
    try (NDArray gradient = t.parameter().getArray().getGradient()) {
      FloatBuffer g =
          t.layout()
              .toMatrix(
                  gradient.toByteBuffer().order(ByteOrder.nativeOrder()).rewind().asFloatBuffer());
      for (int i = 0; i < squares.length; i++) {
        squares[i] += (double) g.get(i) * g.get(i);
      }
    }
  }

  /** Gradients add up until somebody clears them; a training that follows must not see ours. */
  private static void clear(Map<Target, double[]> squares) {
    for (Target t : squares.keySet()) {
      Parameter p = t.parameter();
      p.getArray().setRequiresGradient(true);
      try (NDArray gradient = p.getArray().getGradient()) {
        gradient.subi(gradient);
      }
    }
  }
}
