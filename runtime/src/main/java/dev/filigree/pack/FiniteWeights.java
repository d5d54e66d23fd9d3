package dev.filigree.pack;

import dev.filigree.kernel.Bf16;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;

/**
 * Weights must be finite: with an infinity or a NaN in it a layer answers nonsense, and an integer
 * scale could not be computed.
 */
final class FiniteWeights {

  private FiniteWeights() {}

  /**
   * @param dense checked, [rows][cols]
   * @param type the type they will be stored in; its largest number may be smaller
   * @throws FiligreeException FIL-0320 where a weight is not finite in that type
   */
  static void check(ByteBuffer dense, int rows, int cols, ValueType type) {
    long found = 0;
    int first = 0;
    int count = rows * cols;
    for (int i = 0; i < count; i++) {
      if (!finite(dense.getFloat(4 * i), type)) {
        first = found == 0 ? i : first;
        found++;
      }
    }
    if (found > 0) {
      throw new FiligreeException(
          Message.FIL_0320,
          found,
          count,
          type.label(),
          first / cols,
          first % cols,
          dense.getFloat(4 * first));
    }
  }

  private static boolean finite(float weight, ValueType type) {
    return Float.isFinite(type == ValueType.BF16 ? Bf16.toFloat(Bf16.of(weight)) : weight);
  }
}
