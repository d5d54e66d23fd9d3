package dev.filigree.cli.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Function;

/**
 * How far outputs are from dense through DJL on the same weights and inputs.
 *
 * @param absolute largest |difference|
 * @param relative that over the largest |dense output|; NaN where an output is not finite
 */
record Errors(double absolute, double relative) {

  /** No difference. */
  static final Errors NONE = new Errors(0, 0);

  /**
   * Compares outputs.
   *
   * @param expected outputs of dense, to be closed here
   * @param actual the others
   */
  static Errors of(
      Function<NDArray, NDList> expected, Function<NDArray, NDList> actual, List<NDArray> inputs) {
    double difference = 0;
    double largest = 0;
    for (NDArray x : inputs) {
      try (NDList wanted = expected.apply(x);
          NDList found = actual.apply(x)) {
        for (int output = 0; output < wanted.size(); output++) {
          FloatBuffer e = NativeFloats.of(wanted.get(output)).asFloatBuffer();
          FloatBuffer a = NativeFloats.of(found.get(output)).asFloatBuffer();
          for (int i = 0; i < e.limit(); i++) {
            difference = Math.max(difference, Math.abs((double) e.get(i) - a.get(i)));
            largest = Math.max(largest, Math.abs(e.get(i)));
          }
        }
      }
    }
    return new Errors(difference, difference == 0 ? 0 : difference / largest);
  }
}
