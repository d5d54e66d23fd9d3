package dev.filigree.decoder.sparsity;

import dev.filigree.calibrate.ActiveInputs;
import dev.filigree.calibrate.GreedySparsities;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationCounts;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.LayerRules;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedLayer;
import dev.filigree.kernel.ValueType;
import java.util.List;

/**
 * TEAL's block-wise greedy search (Liu et al. 2024, algorithm 1), see {@link GreedySparsities}:
 * block by block, with its input as the dense blocks before it make it.
 *
 * <p>The error is the mean over sequences and channels of the L2 norm over the last quarter of a
 * sequence. At most {@value #MOST_TOKENS} calibration tokens take part.
 */
final class GreedySearch {
  private static final int MOST_TOKENS = 1024;

  /** Of the inputs of query; the other projections take steps of as many weights. */
  private static final double STEP = 0.05;

  private final DecoderWeights weights;
  private final DecoderConfig config;
  private final ActivationCalibration calibration;
  private final BlockPass pass;

  GreedySearch(DecoderWeights weights, List<int[]> sequences, ActivationCalibration calibration) {
    this.weights = weights;
    this.config = weights.config();
    this.calibration = calibration;
    int tokens = 0;
    int count = 0;
    while (count < sequences.size() && (count == 0 || tokens < MOST_TOKENS)) {
      tokens += sequences.get(count++).length;
    }
    pass = new BlockPass(weights, sequences.subList(0, count));
  }

  ActivationSetting setting(double sparsity) {
    float[][] thresholds = new float[config.layers()][];
    for (int l = 0; l < thresholds.length; l++) {
      PackSettings settings = PackSettings.of(ValueType.F32, PackSettings.Layout.SKIPPED_INPUTS);
      try (PackedLayer block = PackedLayer.pack(weights, l, settings)) {
        BlockPass dense = pass.copy();
        dense.run(block, null, null);
        thresholds[l] = search(l, block, dense, sparsity);
        pass.run(block, null, null);
      }
    }
    return new ActivationSetting(ActivationSetting.Method.TEAL_GREEDY, sparsity, thresholds);
  }

  private float[] search(int layer, PackedLayer block, BlockPass dense, double wanted) {
    double[] sizes = new double[Projection.values().length];
    for (Projection p : Projection.values()) {
      sizes[p.index()] = (double) p.rows(config) * p.cols(config);
    }
    double[] shares = GreedySparsities.shares(sizes);
    double[] sparsity =
        GreedySparsities.search(
            shares,
            STEP * shares[Projection.Q.index()],
            GreedySparsities.MOST,
            wanted,
            tried -> error(layer, block, dense, thresholds(layer, tried)));
    return thresholds(layer, sparsity);
  }

  private float[] thresholds(int layer, double[] sparsity) {
    float[] out = new float[sparsity.length];
    for (Projection p : Projection.values()) {
      out[p.index()] = calibration.threshold(layer, p, sparsity[p.index()]);
    }
    return out;
  }

  private double error(int layer, PackedLayer block, BlockPass dense, float[] thresholds) {
    float[][] own = new float[layer + 1][];
    own[layer] = thresholds;
    ActivationSetting setting = new ActivationSetting(ActivationSetting.Method.TEAL_GREEDY, 0, own);
    BlockPass sparse = pass.copy();
    sparse.run(
        block,
        LayerRules.of(
            config,
            setting,
            layer,
            null,
            ValueType.F32,
            new ActiveInputs(0),
            new ActivationCounts(config.layers())),
        null);
    int dim = config.dim();
    double sum = 0;
    for (int s = 0; s < dense.hidden().size(); s++) {
      float[] a = dense.hidden().get(s);
      float[] b = sparse.hidden().get(s);
      int tokens = a.length / dim;
      int from = tokens - Math.max(1, tokens / 4);
      for (int d = 0; d < dim; d++) {
        double squares = 0;
        for (int t = from; t < tokens; t++) {
          double difference = a[t * dim + d] - b[t * dim + d];
          squares += difference * difference;
        }
        sum += Math.sqrt(squares);
      }
    }
    return sum;
  }
}
