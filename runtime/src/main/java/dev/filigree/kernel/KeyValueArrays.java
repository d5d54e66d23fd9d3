package dev.filigree.kernel;

/**
 * Keys and values of one attention layer, written in place. Keys lie in blocks of {@value #BLOCK}
 * positions [kvHeads][blocks][headDim][{@value #BLOCK}], values by position
 * [kvHeads][positions][headDim]: attention reads both of a head from front to back, a vector of
 * scores needs no sum across its lanes, and a longer text only appends.
 */
public final class KeyValueArrays {
  /** Positions in one block of keys. */
  static final int BLOCK = 16;

  private final int kvHeads;
  private final int headDim;
  private final int capacity;
  private final float[] keys;
  private final float[] values;

  /**
   * @param capacity most positions
   * @throws ArithmeticException if keys or values were more than 2^31 - 1 numbers
   */
  public KeyValueArrays(int kvHeads, int headDim, int capacity) {
    this.kvHeads = kvHeads;
    this.headDim = headDim;
    this.capacity =
        Math.multiplyExact(Math.floorDiv(Math.addExact(capacity, BLOCK - 1), BLOCK), BLOCK);
    keys = new float[Math.multiplyExact(Math.multiplyExact(kvHeads, headDim), this.capacity)];
    values = new float[keys.length];
  }

  /** Heads that have keys and values of their own. */
  public int kvHeads() {
    return kvHeads;
  }

  /** Components of a key and of a value. */
  public int headDim() {
    return headDim;
  }

  /** Most positions; at least what was asked for. */
  public int capacity() {
    return capacity;
  }

  /** Bytes of keys and values. */
  public long bytes() {
    return 8L * keys.length;
  }

  /**
   * Stores what a position has.
   *
   * @param keyAt where its keys [kvHeads][headDim] begin in {@code from}
   * @param valueAt where its values [kvHeads][headDim] begin in {@code from}
   */
  public void put(int position, float[] from, int keyAt, int valueAt) {
    int inBlock = position % BLOCK;
    for (int h = 0; h < kvHeads; h++) {
      int key = keyAt(h, position - inBlock) + inBlock;
      for (int d = 0; d < headDim; d++) {
        keys[key + d * BLOCK] = from[keyAt + h * headDim + d];
      }
      System.arraycopy(from, valueAt + h * headDim, values, valueAt(h, position), headDim);
    }
  }

  /**
   * Reads what a position has.
   *
   * @param keyAt where its keys [kvHeads][headDim] go in {@code to}
   * @param valueAt where its values [kvHeads][headDim] go in {@code to}
   */
  public void get(int position, float[] to, int keyAt, int valueAt) {
    int inBlock = position % BLOCK;
    for (int h = 0; h < kvHeads; h++) {
      int key = keyAt(h, position - inBlock) + inBlock;
      for (int d = 0; d < headDim; d++) {
        to[keyAt + h * headDim + d] = keys[key + d * BLOCK];
      }
      System.arraycopy(values, valueAt(h, position), to, valueAt + h * headDim, headDim);
    }
  }

  float[] keys() {
    return keys;
  }

  float[] values() {
    return values;
  }

  /** Where the block of keys begins that starts with a position, a multiple of {@link #BLOCK}. */
  int keyAt(int kvHead, int position) {
    return (kvHead * capacity + position) * headDim;
  }

  /** Where the value of a position begins. */
  int valueAt(int kvHead, int position) {
    return (kvHead * capacity + position) * headDim;
  }
}
