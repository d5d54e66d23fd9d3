package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.kernel.Workers;
import java.util.Arrays;

/** Grouped-query attention (Ainslie et al. 2023) of rows over a cache. Not safe for threads. */
final class Attention {
  private final DecoderConfig config;
  private final int headDim;
  private final int group;
  private final float scale;
  private final float[] scores;
  private final int capacity;

  Attention(DecoderConfig config, int capacity) {
    this.config = config;
    this.capacity = capacity;
    headDim = config.headDim();
    group = config.heads() / config.kvHeads();
    scale = (float) (1 / Math.sqrt(headDim));
    scores = new float[Math.multiplyExact(config.heads(), capacity)];
  }

  /**
   * @param q queries, rotated already; those of a row begin at {@code row * stride}
   * @param position of the first row; keys and values of all rows are in the cache
   * @param out [rows][heads * headDim], overwritten
   */
  void run(KvCache cache, float[] q, int stride, int rows, int position, float[] out) {
    long work = 2L * rows * config.qDim() * (position + rows);
    Workers.shared()
        .run(
            config.heads(),
            1,
            1,
            work,
            (from, to) -> {
              for (int h = from; h < to; h++) {
                for (int r = 0; r < rows; r++) {
                  head(cache, h, q, r * stride, position + r, out, r * config.qDim());
                }
              }
            });
  }

  private void head(
      KvCache cache, int h, float[] q, int qAt, int position, float[] out, int outAt) {
    int first = config.firstVisible(position);
    int n = position + 1 - first;
    int s = h * capacity;
    int kv = h / group;
    Arrays.fill(scores, s, s + n, 0f);
    for (int d = 0; d < headDim; d++) {
      int key = (kv * headDim + d) * cache.capacity() + first;
      Vectors.addScaled(scores, s, cache.keys, key, n, q[qAt + h * headDim + d] * scale);
    }
    softmax(s, n);
    int o = outAt + h * headDim;
    Arrays.fill(out, o, o + headDim, 0f);
    for (int t = 0; t < n; t++) {
      int value = (kv * cache.capacity() + first + t) * headDim;
      Vectors.addScaled(out, o, cache.values, value, headDim, scores[s + t]);
    }
  }

  private void softmax(int at, int n) {
    float max = Float.NEGATIVE_INFINITY;
    for (int t = 0; t < n; t++) {
      max = Math.max(max, scores[at + t]);
    }
    double sum = 0;
    for (int t = 0; t < n; t++) {
      float e = (float) Math.exp(scores[at + t] - max);
      scores[at + t] = e;
      sum += e;
    }
    float inverse = (float) (1 / sum);
    for (int t = 0; t < n; t++) {
      scores[at + t] *= inverse;
    }
  }
}
