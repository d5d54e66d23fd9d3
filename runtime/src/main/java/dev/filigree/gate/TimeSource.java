package dev.filigree.gate;

import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * What a measurement asks the machine.
 *
 * @param nanos a clock in nanoseconds, of any origin
 * @param isCompiling whether the JVM is compiling kernels just now
 */
record TimeSource(LongSupplier nanos, BooleanSupplier isCompiling) {
  static final TimeSource SYSTEM = new TimeSource(System::nanoTime, JitQueue::isBusy);

  long now() {
    return nanos.getAsLong();
  }

  boolean compiling() {
    return isCompiling.getAsBoolean();
  }
}
