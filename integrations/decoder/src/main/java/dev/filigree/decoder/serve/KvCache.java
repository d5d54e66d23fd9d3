package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.kernel.KeyValueArrays;

/** Keys and values of one block, written in place. */
public final class KvCache {
  private final KeyValueArrays arrays;

  /**
   * @param capacity most positions
   */
  public KvCache(DecoderConfig config, int capacity) {
    arrays = new KeyValueArrays(config.kvHeads(), config.headDim(), capacity);
  }

  /** Most positions. */
  public int capacity() {
    return arrays.capacity();
  }

  /** Bytes of keys and values. */
  public long bytes() {
    return arrays.bytes();
  }

  KeyValueArrays arrays() {
    return arrays;
  }

  /** Reads key and value [kvHeads][headDim] of a position. */
  void get(int position, float[] to, int keyAt, int valueAt) {
    arrays.get(position, to, keyAt, valueAt);
  }

  /** Stores key and value [kvHeads][headDim] of a position. */
  void put(int position, float[] from, int keyAt, int valueAt) {
    arrays.put(position, from, keyAt, valueAt);
  }
}
