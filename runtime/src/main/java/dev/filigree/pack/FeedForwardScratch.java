package dev.filigree.pack;

import dev.filigree.kernel.AlignedMemory;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** Working memory of one thread's gated feed-forward, grown to what its largest call needs. */
final class FeedForwardScratch {
  private static final ThreadLocal<FeedForwardScratch> LOCAL =
      ThreadLocal.withInitial(FeedForwardScratch::new);

  private final GatedJob gated = new GatedJob();
  private final UnitsJob units = new UnitsJob();
  private final GateRule rule = new GateRule();
  private final CombineJob combine = new CombineJob();
  private ByteBuffer inputs = AlignedMemory.allocate(0);
  private ByteBuffer both = AlignedMemory.allocate(0);
  private ByteBuffer hidden = AlignedMemory.allocate(0);
  private FloatBuffer inputFloats = inputs.asFloatBuffer();
  private FloatBuffer hiddenFloats = hidden.asFloatBuffer();
  private int[] active = {};

  private FeedForwardScratch() {}

  static FeedForwardScratch local() {
    return LOCAL.get();
  }

  /** Makes room for that many rows. */
  void grow(int inputCount, int hiddenCount, int rows) {
    if (inputs.capacity() < 4 * rows * inputCount) {
      inputs = AlignedMemory.allocate(4 * rows * inputCount);
      inputFloats = inputs.asFloatBuffer();
    }
    if (hidden.capacity() < 4 * rows * hiddenCount) {
      hidden = AlignedMemory.allocate(4 * rows * hiddenCount);
      hiddenFloats = hidden.asFloatBuffer();
      both = AlignedMemory.allocate(8 * rows * hiddenCount);
    }
    if (active.length < Math.max(inputCount, hiddenCount)) {
      active = new int[Math.max(inputCount, hiddenCount)];
    }
  }

  /** [rows][inputs]. */
  ByteBuffer inputs() {
    return inputs;
  }

  FloatBuffer inputFloats() {
    return inputFloats;
  }

  /** Gate and up, [rows][2 hidden]. */
  ByteBuffer both() {
    return both;
  }

  /** The gate alone, [rows][hidden]; the same memory as {@link #both}. */
  ByteBuffer gate() {
    return both;
  }

  /** [rows][hidden]. */
  ByteBuffer hidden() {
    return hidden;
  }

  FloatBuffer hiddenFloats() {
    return hiddenFloats;
  }

  /** Room for the indices of one row. */
  int[] active() {
    return active;
  }

  GatedJob gated() {
    return gated;
  }

  UnitsJob units() {
    return units;
  }

  GateRule rule() {
    return rule;
  }

  CombineJob combine() {
    return combine;
  }

  /** Writes zeros where a rule does not keep. */
  void zeroOthers(ByteBuffer values, FloatBuffer floats, int at, int n, InputRule rule) {
    zeroOthers(values, at, n, active, rule.keep(floats, at, n, active));
  }

  /** Writes zeros where an index is not listed; ascending, each once. */
  void zeroOthers(ByteBuffer values, int at, int n, int[] listed, int count) {
    int next = 0;
    for (int i = 0; i < n; i++) {
      if (next < count && listed[next] == i) {
        next++;
      } else {
        values.putInt(4 * (at + i), 0);
      }
    }
  }
}
