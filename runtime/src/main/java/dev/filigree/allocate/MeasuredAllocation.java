package dev.filigree.allocate;

import dev.filigree.plan.FiligreeException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Shares that make the sum of measured errors small: the error of every layer against its sparsity
 * is replaced by its lower convex hull, and the total is filled with the flattest pieces first.
 * That is the optimum over the hulls; between measured points errors are taken as linear.
 */
public final class MeasuredAllocation {
  private MeasuredAllocation() {}

  /**
   * What one layer costs.
   *
   * @param sparsities ascending, from 0 to below 1
   * @param errors one each, finite
   */
  public record Curve(List<Double> sparsities, List<Double> errors) {
    /** Checks the numbers. */
    public Curve {
      sparsities = List.copyOf(sparsities);
      errors = List.copyOf(errors);
      boolean legal = sparsities.size() == errors.size() && sparsities.size() > 1;
      for (int i = 0; legal && i < errors.size(); i++) {
        double s = sparsities.get(i);
        legal =
            Double.isFinite(errors.get(i))
                && (i == 0 ? s == 0 : s > sparsities.get(i - 1))
                && s < 1;
      }
      if (!legal) {
        throw new IllegalArgumentException(sparsities + " " + errors);
      }
    }
  }

  private record Piece(int layer, double weights, double slope) {}

  /**
   * Shares the total.
   *
   * @param curves one per layer; beyond its last point a layer loses nothing more unless the total
   *     cannot be met otherwise
   * @throws FiligreeException FIL-0101, FIL-0361
   */
  public static Allocation of(List<LayerUnits> layers, List<Curve> curves, double sparsity) {
    if (curves.size() != layers.size()) {
      throw new IllegalArgumentException(layers.size() + " layers, " + curves.size() + " curves");
    }
    long budget = Budget.of(layers, sparsity);
    List<Piece> pieces = new ArrayList<>();
    for (int i = 0; i < curves.size(); i++) {
      pieces(i, layers.get(i), curves.get(i), pieces);
    }
    // Stable: the pieces of one layer are in order already, and layers in that of the model.
    pieces.sort(Comparator.comparingDouble(Piece::slope));
    double[] removed = new double[layers.size()];
    double left = (double) budget;
    for (Piece p : pieces) {
      double taken = Math.min(left, p.weights());
      removed[p.layer()] += taken;
      left -= taken;
    }
    return Budget.round(layers, removed, budget);
  }

  private static void pieces(int layer, LayerUnits units, Curve curve, List<Piece> out) {
    List<double[]> hull = new ArrayList<>();
    for (int i = 0; i < curve.errors().size(); i++) {
      double at = Math.min(curve.sparsities().get(i) * units.size(), (double) units.most());
      double[] point = {at, curve.errors().get(i)};
      while (hull.size() > 1 && slope(hull.get(hull.size() - 1), point) <= lastSlope(hull)) {
        hull.remove(hull.size() - 1);
      }
      if (hull.isEmpty() || at > hull.get(hull.size() - 1)[0]) {
        hull.add(point);
      }
    }
    for (int i = 1; i < hull.size(); i++) {
      double weights = hull.get(i)[0] - hull.get(i - 1)[0];
      out.add(new Piece(layer, weights, slope(hull.get(i - 1), hull.get(i))));
    }
    double rest = units.most() - hull.get(hull.size() - 1)[0];
    if (rest > 0) {
      out.add(new Piece(layer, rest, Double.POSITIVE_INFINITY));
    }
  }

  private static double lastSlope(List<double[]> hull) {
    return slope(hull.get(hull.size() - 2), hull.get(hull.size() - 1));
  }

  private static double slope(double[] from, double[] to) {
    return to[0] > from[0] ? (to[1] - from[1]) / (to[0] - from[0]) : Double.POSITIVE_INFINITY;
  }
}
