package dev.filigree.kernel;

/** The definition of attention, see {@link ReferenceKernels}. */
final class ReferenceAttention implements AttentionKernels {

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
    double[] scaled = new double[end - first];
    double max = Double.NEGATIVE_INFINITY;
    for (int t = first; t < end; t++) {
      double sum = 0;
      for (int d = 0; d < headDim; d++) {
        sum += (double) q[qAt + d] * key(kv, kvHead, t, d);
      }
      scaled[t - first] = sum / Math.sqrt(headDim);
      max = Math.max(max, scaled[t - first]);
    }
    double total = 0;
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = Math.exp(scaled[i] - max);
      total += scaled[i];
    }
    for (int d = 0; d < headDim; d++) {
      double sum = 0;
      for (int t = first; t < end; t++) {
        sum += scaled[t - first] * kv.values()[kv.valueAt(kvHead, t) + d];
      }
      out[outAt + d] = (float) (sum / total);
    }
  }

  private static float key(KeyValueArrays kv, int kvHead, int t, int d) {
    int inBlock = t % KeyValueArrays.BLOCK;
    return kv.keys()[kv.keyAt(kvHead, t - inBlock) + d * KeyValueArrays.BLOCK + inBlock];
  }
}
