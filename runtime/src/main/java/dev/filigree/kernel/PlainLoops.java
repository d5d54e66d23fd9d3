package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** Inner loops that the plain dense formats share. */
final class PlainLoops {

  private PlainLoops() {}

  static float bias(ByteBuffer bias, int r) {
    return bias == null ? 0 : bias.getFloat(4 * r);
  }

  /** tile[l] += w panel[l]. */
  static void axpy(float w, FloatBuffer panel, int panelAt, float[] tile, int tileAt, int lanes) {
    for (int l = 0; l < lanes; l++) {
      tile[tileAt + l] += w * panel.get(panelAt + l);
    }
  }

  /** tile[l] += w0 panel[0][l] + ... + w3 panel[3][l]. */
  static void axpy4(
      float w0,
      float w1,
      float w2,
      float w3,
      FloatBuffer panel,
      int panelAt,
      float[] tile,
      int tileAt,
      int lanes) {
    for (int l = 0; l < lanes; l++) {
      int p = panelAt + l;
      tile[tileAt + l] +=
          (w0 * panel.get(p) + w1 * panel.get(p + lanes))
              + (w2 * panel.get(p + 2 * lanes) + w3 * panel.get(p + 3 * lanes));
    }
  }
}
