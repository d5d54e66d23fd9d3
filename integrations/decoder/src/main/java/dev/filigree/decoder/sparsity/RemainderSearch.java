package dev.filigree.decoder.sparsity;

import dev.filigree.calibrate.MagnitudeThreshold;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.LayerObserver;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedLayer;
import dev.filigree.decoder.serve.Remainder;
import dev.filigree.kernel.ValueType;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.ejml.data.DMatrixRMaj;

/**
 * Calibrates R-Sparse (Zhang et al. 2025). A projection of n inputs and m outputs may read (1 - s)
 * n m weights for a token. The share rho of them goes to inputs, floor(n (1 - s) rho), and what is
 * left to factors of rank floor((n m (1 - s) - inputs m) / (n + m)).
 *
 * <p>The paper searches all rho by evolution, with the perplexity of the whole model. Here each
 * projection takes by itself the one whose outputs are closest to the dense ones, by squared error
 * over up to {@value #MOST_ROWS} calibration tokens.
 */
final class RemainderSearch {
  private static final int MOST_ROWS = 64;
  // From inputs alone on: of equal ones the first is taken.
  private static final double[] SHARES = {1, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1};

  /** So that 0.1 of 100 is 10 though 1 - 0.9 is less than 0.1. */
  private static final double ROUNDING = 1e-9;

  private final DecoderWeights weights;
  private final double sparsity;

  private RemainderSearch(DecoderWeights weights, double sparsity) {
    this.weights = weights;
    this.sparsity = sparsity;
  }

  /**
   * The setting of a sparsity.
   *
   * @param weights the untouched model
   * @throws dev.filigree.plan.FiligreeException FIL-0717, FIL-0713, FIL-0714 for the sequences
   */
  static ActivationSetting setting(
      DecoderWeights weights,
      List<int[]> sequences,
      double sparsity,
      DecoderPruning.Progress progress) {
    DecoderConfig c = weights.config();
    BlockPass pass = new BlockPass(weights, sequences);
    long tokens = pass.hidden().stream().mapToLong(h -> h.length / c.dim()).sum();
    RemainderSearch search = new RemainderSearch(weights, sparsity);
    float[][] thresholds = new float[c.layers()][Projection.values().length];
    Remainder[][] remainders = new Remainder[c.layers()][Projection.values().length];
    PackSettings settings = new PackSettings(ValueType.F32, PackSettings.Layout.DENSE, true);
    for (int l = 0; l < c.layers(); l++) {
      int layer = l;
      try (PackedLayer block = PackedLayer.pack(weights, l, settings)) {
        Seen seen = new Seen(c, l, block.norms(), (tokens + MOST_ROWS - 1) / MOST_ROWS);
        pass.run(block, null, seen);
        Arrays.stream(Projection.values())
            .parallel()
            .forEach(
                p -> {
                  Found found = search.of(layer, p, seen);
                  thresholds[layer][p.index()] = found.threshold;
                  remainders[layer][p.index()] = found.remainder;
                });
      }
      progress.at(l + 1, c.layers());
    }
    return new ActivationSetting(Method.R_SPARSE, sparsity, thresholds, remainders);
  }

  /** What the projections of a block received. */
  private static final class Seen implements LayerObserver {
    private final DecoderConfig config;
    private final float[][] norms = new float[Projection.values().length][];
    private final List<MagnitudeThreshold> scores = new ArrayList<>();
    private final Map<Projection.Site, List<float[]>> rows = new EnumMap<>(Projection.Site.class);
    private final Map<Projection.Site, Long> tokens = new EnumMap<>(Projection.Site.class);
    private final long every;

    /**
     * @param every of so many tokens one is kept
     */
    Seen(DecoderConfig config, int layer, double[][] norms, long every) {
      this.config = config;
      this.every = every;
      for (Projection p : Projection.values()) {
        double[] own = norms[p.index()];
        this.norms[p.index()] = new float[own.length];
        for (int i = 0; i < own.length; i++) {
          this.norms[p.index()][i] = (float) own[i];
        }
        scores.add(new MagnitudeThreshold(p.weight(layer)));
      }
      for (Projection.Site site : Projection.Site.values()) {
        rows.put(site, new ArrayList<>());
        tokens.put(site, 0L);
      }
    }

    @Override
    public void inputs(Projection.Site site, FloatBuffer x) {
      float[] all = new float[x.remaining()];
      x.duplicate().get(all);
      int n = site.projections()[0].cols(config);
      for (int at = 0; at < all.length; at += n) {
        if (tokens.merge(site, 1L, Long::sum) % every == 0) {
          rows.get(site).add(Arrays.copyOfRange(all, at, at + n));
        }
      }
      float[] scaled = new float[all.length];
      for (Projection p : site.projections()) {
        for (int i = 0; i < all.length; i++) {
          scaled[i] = Math.abs(all[i]) * norms[p.index()][i % n];
        }
        scores.get(p.index()).add(FloatBuffer.wrap(scaled));
      }
    }

    /** Inputs that a threshold skips, zeros elsewhere, [inputs][tokens]. */
    DMatrixRMaj others(Projection p, float threshold) {
      List<float[]> of = rows.get(p.site());
      DMatrixRMaj z = new DMatrixRMaj(p.cols(config), of.size());
      for (int t = 0; t < of.size(); t++) {
        for (int i = 0; i < z.numRows; i++) {
          float v = of.get(t)[i];
          boolean skipped = Math.abs(v) * norms[p.index()][i] <= threshold;
          z.data[i * z.numCols + t] = skipped ? v : 0;
        }
      }
      return z;
    }
  }

  private record Found(float threshold, Remainder remainder) {}

  private Found of(int layer, Projection p, Seen seen) {
    int outputs = p.rows(weights.config());
    int inputs = p.cols(weights.config());
    LowRank matrix =
        Tensors.borrowing(
            () ->
                new LowRank(
                    Tensors.finite(weights, p.weight(layer)).asFloatBuffer(), outputs, inputs));
    double least = Double.POSITIVE_INFINITY;
    int kept = 0;
    int rank = 0;
    float threshold = 0;
    for (double share : SHARES) {
      int k = (int) (inputs * (1 - sparsity) * share + ROUNDING);
      double left = (double) inputs * outputs * (1 - sparsity) - (double) k * outputs;
      int r = Math.min((int) (left / (inputs + outputs)), matrix.most());
      float t =
          k == 0 ? Float.MAX_VALUE : seen.scores.get(p.index()).threshold(1 - (double) k / inputs);
      double error = matrix.error(r, seen.others(p, t));
      if (error < least) {
        least = error;
        kept = k;
        rank = r;
        threshold = t;
      }
    }
    LowRank.Factors factors = matrix.factors(rank);
    return new Found(
        threshold, new Remainder(seen.norms[p.index()], kept, rank, factors.in(), factors.out()));
  }
}
