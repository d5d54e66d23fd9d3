package dev.filigree.decoder.model;

/**
 * Rotary position embedding (Su et al. 2021): pair i of a head at position p is rotated by the
 * angle p * base^(-2i / headDim). Sines and cosines of all positions, computed in double.
 * Immutable.
 */
public final class RopeTable {
  private final int pairs;
  private final int headDim;
  private final RopeLayout layout;
  private final float[] cos;
  private final float[] sin;

  /**
   * @param positions for how many positions, from 0 on
   */
  public RopeTable(DecoderConfig config, int positions) {
    headDim = config.headDim();
    pairs = headDim / 2;
    layout = config.ropeLayout();
    cos = new float[Math.multiplyExact(positions, pairs)];
    sin = new float[positions * pairs];
    for (int i = 0; i < pairs; i++) {
      double frequency = frequency(config, i);
      for (int p = 0; p < positions; p++) {
        cos[p * pairs + i] = (float) Math.cos(p * frequency);
        sin[p * pairs + i] = (float) Math.sin(p * frequency);
      }
    }
  }

  private static double frequency(DecoderConfig config, int pair) {
    double plain = Math.pow(config.ropeBase(), -2.0 * pair / config.headDim());
    return config.ropeScaling().map(s -> s.scale(pair, plain)).orElse(plain);
  }

  /** Cosines [positions][headDim / 2]; not to be written to. */
  public float[] cosines() {
    return cos;
  }

  /** Sines [positions][headDim / 2]; not to be written to. */
  public float[] sines() {
    return sin;
  }

  /**
   * Rotates heads in place.
   *
   * @param x [heads][headDim] from {@code at} on
   */
  public void rotate(float[] x, int at, int heads, int position) {
    for (int h = 0; h < heads; h++) {
      int from = at + h * headDim;
      for (int i = 0; i < pairs; i++) {
        int a = from + layout.first(i);
        int b = from + layout.second(i, headDim);
        float c = cos[position * pairs + i];
        float s = sin[position * pairs + i];
        float xa = x[a];
        float xb = x[b];
        x[a] = xa * c - xb * s;
        x[b] = xa * s + xb * c;
      }
    }
  }
}
