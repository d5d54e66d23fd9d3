package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** What {@link MachineProbe} times. */
interface ProbeLoops {
  /** Lines are handed out in multiples of this, so that every block can be read as streams. */
  int BLOCK_LINES = 1024;

  /**
   * Reads memory from end to end.
   *
   * @param memory direct, native order
   * @param from first line of 64 bytes, a multiple of {@link #BLOCK_LINES}
   * @param to the line after the last, a multiple of {@link #BLOCK_LINES}
   * @return the sum of all 64-bit words
   */
  long read(ByteBuffer memory, int from, int to);

  /**
   * Multiplies and adds in registers only.
   *
   * @param steps how many rounds of {@link #chains} multiply-adds
   * @return steps, computed by the multiply-adds themselves: every chain adds 1 per step
   */
  float multiplyAdds(int steps);

  /** Multiply-adds of single numbers in one step. */
  int chains();
}
