package dev.filigree.samples.digits;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A pen stroke: points joined by straight segments, in a unit square with y pointing down.
 *
 * @param xy x0, y0, x1, y1, ...; at least two points
 */
@SuppressWarnings("ArrayRecordComponent") // package-private and never compared
record Stroke(double[] xy) {

  private static final int DEGREES_PER_POINT = 15;
  private static final double STEP = 0.08;

  /** Straight from corner to corner, in small steps so that a wobbling hand bends it. */
  static Stroke line(double... corners) {
    List<Double> xy = new ArrayList<>(List.of(corners[0], corners[1]));
    for (int i = 2; i < corners.length; i += 2) {
      double dx = corners[i] - corners[i - 2];
      double dy = corners[i + 1] - corners[i - 1];
      int steps = Math.max(1, (int) Math.round(Math.hypot(dx, dy) / STEP));
      for (int s = 1; s <= steps; s++) {
        xy.add(corners[i - 2] + dx * s / steps);
        xy.add(corners[i - 1] + dy * s / steps);
      }
    }
    return new Stroke(xy.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /**
   * Part of an ellipse. 0 degrees is right of the centre, 90 below, 180 left, 270 above.
   *
   * @param from first angle in degrees
   * @param to last angle in degrees, above {@code from}
   */
  static Stroke arc(double cx, double cy, double rx, double ry, int from, int to) {
    int steps = Math.max(2, (to - from) / DEGREES_PER_POINT);
    double[] xy = new double[2 * (steps + 1)];
    for (int i = 0; i <= steps; i++) {
      double angle = Math.toRadians(from + (to - from) * (double) i / steps);
      xy[2 * i] = cx + rx * Math.cos(angle);
      xy[2 * i + 1] = cy + ry * Math.sin(angle);
    }
    return new Stroke(xy);
  }

  /** This stroke continued by another without lifting the pen. */
  Stroke then(Stroke next) {
    double[] joined = Arrays.copyOf(xy, xy.length + next.xy.length);
    System.arraycopy(next.xy, 0, joined, xy.length, next.xy.length);
    return new Stroke(joined);
  }
}
