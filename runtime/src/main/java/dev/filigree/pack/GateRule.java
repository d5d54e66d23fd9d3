package dev.filigree.pack;

import java.nio.ByteBuffer;

/**
 * Which hidden units a gate keeps, judged on the gate after its activation function: those whose
 * magnitude is above one threshold (CATS) or above their own (CHESS). A NaN is kept. One object per
 * calling thread.
 */
final class GateRule {
  private float all;
  // Null where one threshold is that of all.
  private float[] each;

  /** One threshold for all hidden units. */
  GateRule above(float threshold) {
    all = threshold;
    each = null;
    return this;
  }

  /**
   * A threshold for every hidden unit.
   *
   * @param thresholds by hidden unit; not copied
   */
  GateRule above(float[] thresholds) {
    each = thresholds;
    return this;
  }

  boolean keeps(int unit, float gate) {
    return !(Math.abs(gate) <= (each == null ? all : each[unit]));
  }

  /**
   * Lists the kept units of a range.
   *
   * @param gates [hidden], float32
   * @param active gets their numbers from {@code from} on
   * @return where the list ends
   */
  int keep(ByteBuffer gates, int from, int to, int[] active) {
    return each == null ? aboveAll(gates, from, to, active) : aboveEach(gates, from, to, active);
  }

  private int aboveAll(ByteBuffer gates, int from, int to, int[] active) {
    int end = from;
    for (int i = from; i < to; i++) {
      active[end] = i; // overwritten by the next one unless it counts
      end += Math.abs(gates.getFloat(4 * i)) <= all ? 0 : 1;
    }
    return end;
  }

  private int aboveEach(ByteBuffer gates, int from, int to, int[] active) {
    int end = from;
    for (int i = from; i < to; i++) {
      active[end] = i;
      end += Math.abs(gates.getFloat(4 * i)) <= each[i] ? 0 : 1;
    }
    return end;
  }
}
