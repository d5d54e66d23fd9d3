package dev.filigree.kernel;

/** Attention in plain Java loops, see {@link PlainKernels}. */
final class PlainAttention implements AttentionKernels {

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
    int n = end - first;
    float scale = (float) (1 / Math.sqrt(kv.headDim()));
    float max = Float.NEGATIVE_INFINITY;
    for (int t = 0; t < n; t++) {
      float score = score(kv, kvHead, first + t, q, qAt) * scale;
      scores[scoresAt + t] = score;
      max = Math.max(max, score);
    }
    double sum = 0;
    for (int t = 0; t < n; t++) {
      float e = (float) Math.exp(scores[scoresAt + t] - max);
      scores[scoresAt + t] = e;
      sum += e;
    }
    values(kv, kvHead, first, n, scores, scoresAt, (float) (1 / sum), out, outAt);
  }

  private static float score(KeyValueArrays kv, int kvHead, int t, float[] q, int qAt) {
    float[] keys = kv.keys();
    int inBlock = t % KeyValueArrays.BLOCK;
    int at = kv.keyAt(kvHead, t - inBlock) + inBlock;
    float even = 0;
    float odd = 0;
    int d = 0;
    for (; d + 1 < kv.headDim(); d += 2) {
      even += q[qAt + d] * keys[at + d * KeyValueArrays.BLOCK];
      odd += q[qAt + d + 1] * keys[at + (d + 1) * KeyValueArrays.BLOCK];
    }
    if (d < kv.headDim()) {
      even += q[qAt + d] * keys[at + d * KeyValueArrays.BLOCK];
    }
    return even + odd;
  }

  private static void values(
      KeyValueArrays kv,
      int kvHead,
      int first,
      int n,
      float[] scores,
      int scoresAt,
      float inverse,
      float[] out,
      int outAt) {
    int headDim = kv.headDim();
    float[] values = kv.values();
    java.util.Arrays.fill(out, outAt, outAt + headDim, 0f);
    for (int t = 0; t < n; t++) {
      float share = scores[scoresAt + t] * inverse;
      int at = kv.valueAt(kvHead, first + t);
      for (int d = 0; d < headDim; d++) {
        out[outAt + d] += share * values[at + d];
      }
    }
  }
}
