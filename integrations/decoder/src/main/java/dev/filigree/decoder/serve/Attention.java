package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.kernel.AttentionKernels;
import dev.filigree.kernel.Execution;

/** Grouped-query attention (Ainslie et al. 2023) of rows over a cache. Not safe for threads. */
final class Attention {
  private final DecoderConfig config;
  private final int headDim;
  private final int group;
  private final float[] scores;
  private final int perHead;

  Attention(DecoderConfig config, int capacity) {
    this.config = config;
    headDim = config.headDim();
    group = config.heads() / config.kvHeads();
    perHead = AttentionKernels.scores(capacity);
    scores = new float[Math.multiplyExact(config.heads(), perHead)];
  }

  /**
   * @param q queries, rotated already; those of a row begin at {@code row * stride}
   * @param position of the first row; keys and values of all rows are in the cache
   * @param out [rows][heads * headDim], overwritten
   */
  void run(KvCache cache, float[] q, int stride, int rows, int position, float[] out) {
    Execution on = Execution.current();
    AttentionKernels kernels = on.kernels().attention();
    long work = 2L * rows * config.qDim() * (position + rows);
    on.workers()
        .run(
            config.heads(),
            1,
            1,
            work,
            (from, to) -> {
              for (int h = from; h < to; h++) {
                for (int r = 0; r < rows; r++) {
                  int last = position + r;
                  kernels.head(
                      cache.arrays(),
                      h / group,
                      q,
                      r * stride + h * headDim,
                      config.firstVisible(last),
                      last + 1,
                      scores,
                      h * perHead,
                      out,
                      r * config.qDim() + h * headDim);
                }
              }
            });
  }
}
