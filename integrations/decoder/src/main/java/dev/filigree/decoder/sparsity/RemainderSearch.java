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
import dev.filigree.djl.lowrank.LayerRemainder;
import dev.filigree.djl.lowrank.LowRank;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.Remainder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Calibrates R-Sparse (Zhang et al. 2025), each projection by itself, see {@link LayerRemainder},
 * over up to {@value #MOST_ROWS} calibration tokens.
 */
final class RemainderSearch {
  private static final int MOST_ROWS = 64;

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
                  LayerRemainder found = search.of(layer, p, seen);
                  thresholds[layer][p.index()] = found.threshold();
                  remainders[layer][p.index()] = found.remainder();
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

    /** The rows of a site that were kept, one behind the other. */
    float[] rows(Projection.Site site) {
      List<float[]> of = rows.get(site);
      int n = site.projections()[0].cols(config);
      float[] all = new float[of.size() * n];
      for (int t = 0; t < of.size(); t++) {
        System.arraycopy(of.get(t), 0, all, t * n, n);
      }
      return all;
    }
  }

  private LayerRemainder of(int layer, Projection p, Seen seen) {
    LowRank matrix =
        Tensors.borrowing(
            () ->
                new LowRank(
                    Tensors.finite(weights, p.weight(layer)).asFloatBuffer(),
                    p.rows(weights.config()),
                    p.cols(weights.config())));
    return LayerRemainder.search(
        matrix, sparsity, seen.norms[p.index()], seen.scores.get(p.index()), seen.rows(p.site()));
  }
}
