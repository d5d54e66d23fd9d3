package dev.filigree.pack;

/** Working memory of one thread, grown to what its largest product needs. */
final class Scratch {
  private static final ThreadLocal<Scratch> LOCAL = ThreadLocal.withInitial(Scratch::new);

  private float[] inputs = {};
  private float[] tile = {};

  private Scratch() {}

  static Scratch local() {
    return LOCAL.get();
  }

  /** At least that many floats; content undefined. */
  float[] inputs(int count) {
    if (inputs.length < count) {
      inputs = new float[count];
    }
    return inputs;
  }

  /** At least that many floats; content undefined. */
  float[] tile(int count) {
    if (tile.length < count) {
      tile = new float[count];
    }
    return tile;
  }
}
