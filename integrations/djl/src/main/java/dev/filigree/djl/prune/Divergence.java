package dev.filigree.djl.prune;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import dev.filigree.djl.serve.Dispatch;
import java.util.ArrayList;
import java.util.List;

/**
 * How far a model's outputs are from those it had when this was made: the mean Kullback-Leibler
 * divergence of the softmax over the last axis, in nats, as EvoPress measures it; for outputs of
 * one number the mean squared difference.
 */
final class Divergence {
  private final List<List<float[]>> dense = new ArrayList<>();

  /** Remembers the outputs on these data. */
  Divergence(Model model, Samples data) {
    forward(model, data, (i, outputs) -> dense.add(values(outputs)));
  }

  private interface Seen {
    void outputs(int batch, NDList outputs);
  }

  /** The divergence on the first batches of the data it was made with. */
  double of(Model model, Samples data) {
    double[] sum = new double[2];
    forward(
        model,
        data,
        (i, outputs) -> {
          for (int o = 0; o < outputs.size(); o++) {
            NDArray now = outputs.get(o);
            int last =
                now.isScalar() ? 1 : (int) now.getShape().get(now.getShape().dimension() - 1);
            add(dense.get(i).get(o), now.toFloatArray(), last, sum);
          }
        });
    return sum[1] == 0 ? 0 : sum[0] / sum[1];
  }

  private static void add(float[] before, float[] after, int n, double[] sum) {
    for (int from = 0; from + n <= before.length && n > 0; from += n) {
      sum[0] += n == 1 ? square(before[from] - after[from]) : kl(before, after, from, n);
      sum[1]++;
    }
  }

  private static double square(double v) {
    return v * v;
  }

  private static double kl(float[] p, float[] q, int from, int n) {
    double logP = logSum(p, from, n);
    double logQ = logSum(q, from, n);
    double kl = 0;
    for (int i = from; i < from + n; i++) {
      double lp = p[i] - logP;
      kl += Math.exp(lp) * (lp - (q[i] - logQ));
    }
    return Math.max(0, kl);
  }

  private static double logSum(float[] x, int from, int n) {
    double most = Double.NEGATIVE_INFINITY;
    for (int i = from; i < from + n; i++) {
      most = Math.max(most, x[i]);
    }
    double sum = 0;
    for (int i = from; i < from + n; i++) {
      sum += Math.exp(x[i] - most);
    }
    return most + Math.log(sum);
  }

  private static List<float[]> values(NDList outputs) {
    return outputs.stream().map(NDArray::toFloatArray).toList();
  }

  private static void forward(Model model, Samples data, Seen seen) {
    try (NDManager manager = model.getNDManager().newSubManager()) {
      ParameterStore store = new ParameterStore(manager, false);
      data.forEach(
          manager,
          (i, batch, labels) ->
              Dispatch.bypassed(
                  () -> {
                    seen.outputs(i, model.getBlock().forward(store, batch, false));
                    return null;
                  }));
    }
  }
}
