package dev.filigree.gate;

/** A clock that only work moves, so that tests of the gate see no other load of the machine. */
final class FakeTime {
  private long nanos;

  TimeSource source() {
    return new TimeSource(() -> nanos, () -> false);
  }

  long now() {
    return nanos;
  }

  /** Work that takes this long. */
  void passes(long micros) {
    nanos += 1000 * micros;
  }
}
