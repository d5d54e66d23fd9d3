package dev.filigree.samples.digits;

/** A grey image that strokes are drawn on; overlapping ink does not add up. */
final class Canvas {
  private final float[] ink = new float[Digits.PIXELS];

  /**
   * Draws the segment from (x0, y0) to (x1, y1), in pixels, with a round pen of the given radius
   * and an edge one pixel soft.
   *
   * @param strength ink in the middle of the pen, 0 to 1
   */
  void segment(double x0, double y0, double x1, double y1, double radius, double strength) {
    double reach = radius + 1;
    int left = (int) Math.max(0, Math.floor(Math.min(x0, x1) - reach));
    int right = (int) Math.min(Digits.SIDE - 1, Math.ceil(Math.max(x0, x1) + reach));
    int top = (int) Math.max(0, Math.floor(Math.min(y0, y1) - reach));
    int bottom = (int) Math.min(Digits.SIDE - 1, Math.ceil(Math.max(y0, y1) + reach));
    for (int y = top; y <= bottom; y++) {
      for (int x = left; x <= right; x++) {
        double far = distance(x + .5, y + .5, x0, y0, x1, y1);
        double cover = Math.min(1, Math.max(0, radius - far + .5));
        int at = y * Digits.SIDE + x;
        ink[at] = (float) Math.max(ink[at], strength * cover);
      }
    }
  }

  /** Ink at a pixel, 0 to 1. */
  float ink(int pixel) {
    return ink[pixel];
  }

  private static double distance(double x, double y, double x0, double y0, double x1, double y1) {
    double dx = x1 - x0;
    double dy = y1 - y0;
    double length = dx * dx + dy * dy;
    double along = length == 0 ? 0 : ((x - x0) * dx + (y - y0) * dy) / length;
    double t = Math.min(1, Math.max(0, along));
    return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
  }
}
