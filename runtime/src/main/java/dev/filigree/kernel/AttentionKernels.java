package dev.filigree.kernel;

/**
 * Scaled dot-product attention (Vaswani et al. 2017, equation 1) of one query over stored keys and
 * values; see {@link Kernels} for what all have in common.
 */
public interface AttentionKernels {

  /**
   * Floats of working memory that a query over that many positions needs: any range of them touches
   * one block of keys more than it fills.
   */
  static int scores(int positions) {
    return Math.addExact(positions, 2 * KeyValueArrays.BLOCK);
  }

  /**
   * out[d] = sum over t of softmax(q . k[t] / sqrt(headDim)) v[t][d], t from {@code first} to
   * {@code end}. What is stored at other positions makes no difference.
   *
   * @param q [headDim] from {@code qAt}
   * @param first the first position that is seen
   * @param end the position after the last one, larger than {@code first}
   * @param scores working memory, {@link #scores} of {@code end - first} floats from {@code
   *     scoresAt}
   * @param out [headDim] from {@code outAt}, overwritten
   */
  void head(
      KeyValueArrays kv,
      int kvHead,
      float[] q,
      int qAt,
      int first,
      int end,
      float[] scores,
      int scoresAt,
      float[] out,
      int outAt);
}
