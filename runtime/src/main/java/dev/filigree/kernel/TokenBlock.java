package dev.filigree.kernel;

import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Tokens of X [tokens][inputs] in the order in which {@link GramKernels} read them: columns in
 * groups of eight, of every group token after token, so that a register tile of X^T X reads two or
 * three runs of memory from end to end.
 */
public final class TokenBlock {
  /** Columns in a group: the widest vector of doubles. */
  static final int GROUP = 8;

  /** Columns are padded with zeros to a multiple of this, the widest tile. */
  private static final int PADDED = 2 * GROUP;

  /** Groups that are filled together: of a row of X that is 256 bytes in one piece. */
  private static final int STEP = 8;

  private final int inputs;
  private final int capacity;
  private final double[] values;
  private int tokens;

  /**
   * An empty block.
   *
   * @param inputs columns of X, at least 1
   * @param capacity tokens it can hold, at least 1
   */
  public TokenBlock(int inputs, int capacity) {
    this.inputs = inputs;
    this.capacity = capacity;
    int padded = (int) (((long) inputs + PADDED - 1) / PADDED * PADDED);
    this.values = new double[Math.multiplyExact(padded, capacity)];
  }

  /** Columns of X. */
  public int inputs() {
    return inputs;
  }

  /** Tokens in it. */
  public int tokens() {
    return tokens;
  }

  /** Tokens it has room for. */
  public int room() {
    return capacity - tokens;
  }

  /** Takes all tokens out. */
  public void clear() {
    tokens = 0;
  }

  /**
   * Puts tokens behind those it holds.
   *
   * @param rows [.][inputs]
   * @param at where the first row begins in the buffer
   * @param count how many, at most {@link #room}
   */
  public void add(FloatBuffer rows, int at, int count, Workers workers) {
    if (count < 0 || count > room()) {
      throw new IllegalArgumentException(count + " tokens; there is room for " + room());
    }
    int groups = (inputs + GROUP - 1) / GROUP;
    workers.run(
        groups,
        STEP,
        4,
        (long) count * inputs,
        (from, to) -> {
          for (int g = from; g < to; g += STEP) {
            fill(rows, at, count, g * GROUP, Math.min(inputs, (g + STEP) * GROUP));
          }
        });
    tokens += count;
  }

  private void fill(FloatBuffer rows, int at, int count, int iFrom, int iTo) {
    float[] read = new float[STEP * GROUP];
    for (int t = 0; t < count; t++) {
      rows.get(at + t * inputs + iFrom, read, 0, iTo - iFrom);
      Arrays.fill(read, iTo - iFrom, read.length, 0f);
      for (int i = iFrom; i < iTo; i += GROUP) {
        int to = at(i) + (tokens + t) * GROUP;
        for (int l = 0; l < GROUP; l++) {
          values[to + l] = read[i - iFrom + l];
        }
      }
    }
  }

  /** All values; that of token t and column i is at {@code at(i) + t * GROUP}. */
  double[] values() {
    return values;
  }

  /** Where the first token of column i is. */
  int at(int i) {
    return i / GROUP * capacity * GROUP + i % GROUP;
  }
}
