package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderConfig;

/**
 * Keys and values of one block, written in place. Keys lie by component
 * [kvHeads][headDim][position] and values by position [kvHeads][position][headDim]: both passes of
 * attention then run over neighbouring floats.
 */
public final class KvCache {
  private final int headDim;
  private final int kvHeads;
  private final int capacity;
  final float[] keys;
  final float[] values;

  /**
   * @param capacity most positions
   */
  public KvCache(DecoderConfig config, int capacity) {
    this.headDim = config.headDim();
    this.kvHeads = config.kvHeads();
    this.capacity = capacity;
    keys = new float[Math.multiplyExact(config.kvDim(), capacity)];
    values = new float[keys.length];
  }

  /** Most positions. */
  public int capacity() {
    return capacity;
  }

  /** Bytes of keys and values. */
  public long bytes() {
    return 8L * keys.length;
  }

  /** Stores key and value [kvHeads][headDim] of a position. */
  void put(int position, float[] from, int keyAt, int valueAt) {
    for (int h = 0; h < kvHeads; h++) {
      for (int d = 0; d < headDim; d++) {
        keys[(h * headDim + d) * capacity + position] = from[keyAt + h * headDim + d];
      }
      System.arraycopy(
          from, valueAt + h * headDim, values, (h * capacity + position) * headDim, headDim);
    }
  }
}
