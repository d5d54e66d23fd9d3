package dev.filigree.kernel;

import static dev.filigree.kernel.KeyValueArrays.BLOCK;
import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;

import jdk.incubator.vector.FloatVector;

/** Attention in vector code: lanes are positions for the scores and components for the values. */
final class VectorAttention implements AttentionKernels {

  @Override
  public void head(
      KeyValueArrays kv,
      int kvHead,
      float[] q,
      int qAt,
      int first,
      int end,
      float[] scores,
      int scoresAt,
      float[] out,
      int outAt) {
    int headDim = kv.headDim();
    int start = first / BLOCK * BLOCK;
    int stop = (end + BLOCK - 1) / BLOCK * BLOCK;
    float scale = (float) (1 / Math.sqrt(headDim));
    int keys = kv.keyAt(kvHead, start);
    for (int s = scoresAt; s < scoresAt + stop - start; s += BLOCK, keys += BLOCK * headDim) {
      for (int l = 0; l < BLOCK; l += LANES) {
        scores(kv.keys(), keys + l, q, qAt, headDim, scale, scores, s + l);
      }
    }
    java.util.Arrays.fill(scores, scoresAt, scoresAt + first - start, Float.NEGATIVE_INFINITY);
    java.util.Arrays.fill(
        scores, scoresAt + end - start, scoresAt + stop - start, Float.NEGATIVE_INFINITY);
    float total = exponentials(scores, scoresAt, stop - start);
    int seen = scoresAt + first - start;
    values(kv, kv.valueAt(kvHead, first), end - first, scores, seen, 1 / total, out, outAt);
  }

  /**
   * The scores of one vector of positions; four sums, because one waits for itself. Eight
   * components at a time: longer than what the compiler puts into its callers, which together would
   * exceed the code in which it keeps vectors out of memory.
   */
  private static void scores(
      float[] keys,
      int at,
      float[] q,
      int qAt,
      int headDim,
      float scale,
      float[] scores,
      int scoresAt) {
    FloatVector a = FloatVector.zero(F);
    FloatVector b = FloatVector.zero(F);
    FloatVector c = FloatVector.zero(F);
    FloatVector e = FloatVector.zero(F);
    int d = 0;
    for (; d + 8 <= headDim; d += 8) {
      int k = at + d * BLOCK;
      a = FloatVector.fromArray(F, keys, k).fma(FloatVector.broadcast(F, q[qAt + d]), a);
      b =
          FloatVector.fromArray(F, keys, k + BLOCK)
              .fma(FloatVector.broadcast(F, q[qAt + d + 1]), b);
      c =
          FloatVector.fromArray(F, keys, k + 2 * BLOCK)
              .fma(FloatVector.broadcast(F, q[qAt + d + 2]), c);
      e =
          FloatVector.fromArray(F, keys, k + 3 * BLOCK)
              .fma(FloatVector.broadcast(F, q[qAt + d + 3]), e);
      a =
          FloatVector.fromArray(F, keys, k + 4 * BLOCK)
              .fma(FloatVector.broadcast(F, q[qAt + d + 4]), a);
      b =
          FloatVector.fromArray(F, keys, k + 5 * BLOCK)
              .fma(FloatVector.broadcast(F, q[qAt + d + 5]), b);
      c =
          FloatVector.fromArray(F, keys, k + 6 * BLOCK)
              .fma(FloatVector.broadcast(F, q[qAt + d + 6]), c);
      e =
          FloatVector.fromArray(F, keys, k + 7 * BLOCK)
              .fma(FloatVector.broadcast(F, q[qAt + d + 7]), e);
    }
    for (; d < headDim; d++) {
      a =
          FloatVector.fromArray(F, keys, at + d * BLOCK)
              .fma(FloatVector.broadcast(F, q[qAt + d]), a);
    }
    a.add(b).add(c.add(e)).mul(scale).intoArray(scores, scoresAt);
  }

  /** Each score s becomes exp(s - the largest); returns their sum. */
  private static float exponentials(float[] scores, int at, int count) {
    FloatVector largest = FloatVector.fromArray(F, scores, at);
    for (int i = LANES; i < count; i += LANES) {
      largest = largest.max(FloatVector.fromArray(F, scores, at + i));
    }
    float[] lanes = VectorUnpacked.local().sums();
    largest.intoArray(lanes, 0);
    float max = lanes[0];
    for (int l = 1; l < LANES; l++) {
      max = Math.max(max, lanes[l]);
    }
    FloatVector sum = FloatVector.zero(F);
    for (int i = 0; i < count; i += LANES) {
      FloatVector below =
          FloatVector.fromArray(F, scores, at + i).sub(max).max(-ActivationConstants.EXP_ZERO);
      FloatVector e = VectorActivations.exp(below, FloatVector.zero(F));
      e.intoArray(scores, at + i);
      sum = sum.add(e);
    }
    sum.intoArray(lanes, 0);
    return VectorConstants.sum(lanes, 0, LANES);
  }

  private static void values(
      KeyValueArrays kv,
      int at,
      int count,
      float[] scores,
      int scoresAt,
      float inverse,
      float[] out,
      int outAt) {
    int headDim = kv.headDim();
    float[] values = kv.values();
    int d = 0;
    for (; d + 4 * LANES <= headDim; d += 4 * LANES) {
      values4(values, at + d, headDim, count, scores, scoresAt, inverse, out, outAt + d);
    }
    for (; d + LANES <= headDim; d += LANES) {
      FloatVector sum = FloatVector.zero(F);
      int v = at + d;
      for (int t = scoresAt; t < scoresAt + count; t++, v += headDim) {
        sum = FloatVector.fromArray(F, values, v).fma(FloatVector.broadcast(F, scores[t]), sum);
      }
      sum.mul(inverse).intoArray(out, outAt + d);
    }
    for (; d < headDim; d++) {
      float sum = 0;
      int v = at + d;
      for (int t = scoresAt; t < scoresAt + count; t++, v += headDim) {
        sum = Math.fma(values[v], scores[t], sum);
      }
      out[outAt + d] = sum * inverse;
    }
  }

  /** Two positions at a time, for the same reason as in {@link #scores}. */
  private static void values4(
      float[] values,
      int at,
      int headDim,
      int count,
      float[] scores,
      int scoresAt,
      float inverse,
      float[] out,
      int outAt) {
    FloatVector a = FloatVector.zero(F);
    FloatVector b = FloatVector.zero(F);
    FloatVector c = FloatVector.zero(F);
    FloatVector e = FloatVector.zero(F);
    int v = at;
    int t = scoresAt;
    for (; t + 2 <= scoresAt + count; t += 2, v += 2 * headDim) {
      FloatVector s = FloatVector.broadcast(F, scores[t]);
      a = FloatVector.fromArray(F, values, v).fma(s, a);
      b = FloatVector.fromArray(F, values, v + LANES).fma(s, b);
      c = FloatVector.fromArray(F, values, v + 2 * LANES).fma(s, c);
      e = FloatVector.fromArray(F, values, v + 3 * LANES).fma(s, e);
      int u = v + headDim;
      s = FloatVector.broadcast(F, scores[t + 1]);
      a = FloatVector.fromArray(F, values, u).fma(s, a);
      b = FloatVector.fromArray(F, values, u + LANES).fma(s, b);
      c = FloatVector.fromArray(F, values, u + 2 * LANES).fma(s, c);
      e = FloatVector.fromArray(F, values, u + 3 * LANES).fma(s, e);
    }
    if (t < scoresAt + count) {
      FloatVector s = FloatVector.broadcast(F, scores[t]);
      a = FloatVector.fromArray(F, values, v).fma(s, a);
      b = FloatVector.fromArray(F, values, v + LANES).fma(s, b);
      c = FloatVector.fromArray(F, values, v + 2 * LANES).fma(s, c);
      e = FloatVector.fromArray(F, values, v + 3 * LANES).fma(s, e);
    }
    a.mul(inverse).intoArray(out, outAt);
    b.mul(inverse).intoArray(out, outAt + LANES);
    c.mul(inverse).intoArray(out, outAt + 2 * LANES);
    e.mul(inverse).intoArray(out, outAt + 3 * LANES);
  }
}
