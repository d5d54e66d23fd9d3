package dev.filigree.decoder;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.kernel.Activation;
import java.nio.ByteBuffer;

/** The decoder as its definition says, in double, the whole sequence anew: the reference. */
final class PlainDecoder {
  private final DecoderWeights weights;
  private final DecoderConfig c;
  private final Skipping skipping;

  /** What becomes of activations; the methods get arrays of their own and may change them. */
  interface Skipping {
    /** Inputs of a projection. */
    double[] inputs(int layer, Projection p, double[] x);

    /** SiLU(gate). */
    double[] gates(int layer, double[] g);

    /** What is added to the product of a projection with the inputs that are left; or null. */
    default double[] added(int layer, Projection p, double[] x) {
      return null;
    }

    /** Hidden units of the feed-forward block at a position. */
    default double[] hidden(int layer, int position, double[] h) {
      return h;
    }
  }

  /** All activations are used. */
  private static final class Nothing implements Skipping {
    @Override
    public double[] inputs(int layer, Projection p, double[] x) {
      return x;
    }

    @Override
    public double[] gates(int layer, double[] g) {
      return g;
    }
  }

  PlainDecoder(DecoderWeights weights) {
    this(weights, new Nothing());
  }

  PlainDecoder(DecoderWeights weights, Skipping skipping) {
    this.weights = weights;
    this.c = weights.config();
    this.skipping = skipping;
  }

  /** Logits [tokens][vocab]. */
  double[][] logits(int... ids) {
    double[][] x = new double[ids.length][];
    ByteBuffer embedding = weights.floats(DecoderWeights.EMBEDDING);
    for (int t = 0; t < ids.length; t++) {
      x[t] = new double[c.dim()];
      for (int i = 0; i < c.dim(); i++) {
        x[t][i] = embedding.getFloat(4 * (ids[t] * c.dim() + i));
      }
    }
    for (int l = 0; l < c.layers(); l++) {
      block(x, l);
    }
    String head = c.tiedHead() ? DecoderWeights.EMBEDDING : DecoderWeights.HEAD;
    double[][] out = new double[ids.length][];
    for (int t = 0; t < ids.length; t++) {
      out[t] =
          product(weights.floats(head), null, norm(x[t], DecoderWeights.FINAL_NORM), c.vocab());
    }
    return out;
  }

  private void block(double[][] x, int l) {
    int n = x.length;
    double[][] k = new double[n][];
    double[][] v = new double[n][];
    for (int t = 0; t < n; t++) {
      double[] a = norm(x[t], DecoderWeights.attentionNorm(l));
      double[] q = rotated(project(Projection.Q, l, a), c.heads(), t);
      k[t] = rotated(project(Projection.K, l, a), c.kvHeads(), t);
      v[t] = project(Projection.V, l, a);
      double[] heads = new double[c.qDim()];
      int first = c.slidingWindow().isPresent() ? t - c.slidingWindow().getAsInt() + 1 : 0;
      for (int h = 0; h < c.heads(); h++) {
        int kv = h / (c.heads() / c.kvHeads());
        double[] e = new double[t + 1];
        double sum = 0;
        for (int s = Math.max(0, first); s <= t; s++) {
          double dot = 0;
          for (int d = 0; d < c.headDim(); d++) {
            dot += q[h * c.headDim() + d] * k[s][kv * c.headDim() + d];
          }
          e[s] = Math.exp(dot / Math.sqrt(c.headDim()));
          sum += e[s];
        }
        for (int s = 0; s <= t; s++) {
          for (int d = 0; d < c.headDim(); d++) {
            heads[h * c.headDim() + d] += e[s] / sum * v[s][kv * c.headDim() + d];
          }
        }
      }
      add(x[t], project(Projection.O, l, heads));
    }
    for (int t = 0; t < n; t++) {
      double[] a = norm(x[t], DecoderWeights.feedForwardNorm(l));
      double[] g = project(Projection.GATE, l, a);
      double[] u = project(Projection.UP, l, a);
      for (int i = 0; i < g.length; i++) {
        g[i] = c.activation() == Activation.RELU ? Math.max(0, g[i]) : g[i] / (1 + Math.exp(-g[i]));
      }
      g = skipping.gates(l, g);
      for (int i = 0; i < g.length; i++) {
        u[i] *= g[i];
      }
      add(x[t], project(Projection.DOWN, l, skipping.hidden(l, t, u)));
    }
  }

  private double[] project(Projection p, int l, double[] x) {
    ByteBuffer bias = p.hasBias(c) ? weights.floats(p.bias(l)) : null;
    double[] used = skipping.inputs(l, p, x.clone());
    double[] y = product(weights.floats(p.weight(l)), bias, used, p.rows(c));
    double[] added = skipping.added(l, p, x);
    if (added != null) {
      add(y, added);
    }
    return y;
  }

  private static double[] product(ByteBuffer w, ByteBuffer bias, double[] x, int rows) {
    double[] y = new double[rows];
    for (int r = 0; r < rows; r++) {
      y[r] = bias == null ? 0 : bias.getFloat(4 * r);
      for (int i = 0; i < x.length; i++) {
        y[r] += w.getFloat(4 * (r * x.length + i)) * x[i];
      }
    }
    return y;
  }

  private double[] norm(double[] x, String gain) {
    double sum = 0;
    for (double v : x) {
      sum += v * v;
    }
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] =
          x[i] / Math.sqrt(sum / x.length + c.normEpsilon()) * weights.floats(gain).getFloat(4 * i);
    }
    return y;
  }

  private double[] rotated(double[] x, int heads, int position) {
    double[] y = x.clone();
    int half = c.headDim() / 2;
    for (int h = 0; h < heads; h++) {
      for (int i = 0; i < half; i++) {
        double plain = Math.pow(c.ropeBase(), -2.0 * i / c.headDim());
        int pair = i;
        double angle = position * c.ropeScaling().map(s -> s.scale(pair, plain)).orElse(plain);
        boolean adjacent = c.ropeLayout() == RopeLayout.ADJACENT;
        int a = h * c.headDim() + (adjacent ? 2 * i : i);
        int b = h * c.headDim() + (adjacent ? 2 * i + 1 : i + half);
        y[a] = x[a] * Math.cos(angle) - x[b] * Math.sin(angle);
        y[b] = x[a] * Math.sin(angle) + x[b] * Math.cos(angle);
      }
    }
    return y;
  }

  private static void add(double[] to, double[] what) {
    for (int i = 0; i < to.length; i++) {
      to[i] += what[i];
    }
  }
}
