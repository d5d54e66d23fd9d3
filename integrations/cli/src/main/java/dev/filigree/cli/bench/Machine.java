package dev.filigree.cli.bench;

import dev.filigree.kernel.MachineProbe;

/**
 * What this machine can do at most with our threads.
 *
 * @param streamGbytesPerSecond 10^9 bytes read from end to end of memory per second
 * @param gflops 10^9 additions and multiplications per second in registers
 */
record Machine(double streamGbytesPerSecond, double gflops) {
  private static final int PASSES = 7;

  /**
   * Measures it.
   *
   * @param streamBytes how much to read
   */
  static Machine measure(int streamBytes) {
    MachineProbe probe = MachineProbe.current();
    return new Machine(probe.streamGbytesPerSecond(streamBytes, PASSES), probe.gflops(PASSES));
  }

  /** The better of two measurements: what others do on the machine only slows it down. */
  Machine best(Machine other) {
    return new Machine(
        Math.max(streamGbytesPerSecond, other.streamGbytesPerSecond),
        Math.max(gflops, other.gflops));
  }
}
