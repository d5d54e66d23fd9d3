package dev.filigree.cli.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * How far our outputs are from dense through DJL on the same weights and inputs.
 *
 * @param absolute largest |difference|
 * @param relative that over the largest |dense output|; NaN where an output is not finite
 */
record Errors(double absolute, double relative) {

  static Errors of(DjlSide djl, PackedSide packed, List<NDArray> inputs) {
    double difference = 0;
    double largest = 0;
    for (NDArray x : inputs) {
      try (NDList expected = djl.answer(x);
          NDArray actual = packed.answer(x)) {
        FloatBuffer e = NativeFloats.of(expected.head()).asFloatBuffer();
        FloatBuffer a = NativeFloats.of(actual).asFloatBuffer();
        for (int i = 0; i < e.limit(); i++) {
          difference = Math.max(difference, Math.abs((double) e.get(i) - a.get(i)));
          largest = Math.max(largest, Math.abs(e.get(i)));
        }
      }
    }
    return new Errors(difference, difference == 0 ? 0 : difference / largest);
  }
}
