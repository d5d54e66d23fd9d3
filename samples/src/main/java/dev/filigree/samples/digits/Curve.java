package dev.filigree.samples.digits;

import java.util.ArrayList;
import java.util.List;

/** What happened while one model trained, sampled every few steps. */
final class Curve {

  /**
   * One sample.
   *
   * @param step optimizer steps done
   * @param loss mean cross entropy of the batch, in nats
   * @param sparsity zeros of all weight matrices as a fraction
   */
  record Point(long step, double loss, double sparsity) {}

  private final List<Point> points = new ArrayList<>();

  void add(Point point) {
    points.add(point);
  }

  List<Point> points() {
    return List.copyOf(points);
  }
}
