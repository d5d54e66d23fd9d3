package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.kernel.StripShape;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.Samples.Stored;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How many bytes a packed matrix takes, to the byte, and the shares of dense that follow. */
class PackedBytesTest {
  private static final int STRIP = 16;
  private static final int BLOCK = 256;
  private static final int SPAN = 512;

  private final Random random = new Random(21);

  /** Weights of which each row keeps that many, at places of their own. */
  private float[] rows(int rows, int cols, int kept) {
    float[] w = new float[rows * cols];
    for (int r = 0; r < rows; r++) {
      for (int n = 0; n < kept; ) {
        int i = r * cols + random.nextInt(cols);
        if (w[i] == 0f) {
          w[i] = random.nextFloat() + 0.1f;
          n++;
        }
      }
    }
    return w;
  }

  private static long ceil(long a, long b) {
    return (a + b - 1) / b;
  }

  private static long scales(ValueType type, long groups) {
    return type == ValueType.INT8 ? 4 * groups : 0;
  }

  @Test
  void bitmapTakesOneBitPerWeightAndTheKeptOnes() {
    for (ValueType type : ValueType.values()) {
      for (int rows : new int[] {1, 16, 37}) {
        int cols = 129;
        int kept = 40;
        long expected =
            2 * ceil(rows, STRIP) * cols
                + 4 * (ceil(rows, STRIP) + 1)
                + (long) type.bytes() * (rows * kept + STRIP)
                + scales(type, rows);
        assertThat(bytes("bitmap", type, rows(rows, cols, kept), rows, cols)).isEqualTo(expected);
      }
    }
  }

  @Test
  void csrTakesTwoBytesMoreForEveryKeptWeight() {
    for (ValueType type : ValueType.values()) {
      for (int cols : new int[] {64, 256, 700}) {
        int rows = 19;
        int kept = 30;
        long expected =
            4 * (rows * ceil(cols, BLOCK) + 1)
                + (2L + type.bytes()) * rows * kept
                + scales(type, rows);
        assertThat(bytes("csr", type, rows(rows, cols, kept), rows, cols)).isEqualTo(expected);
      }
    }
  }

  @Test
  void denseFormatsTakeEveryWeight() {
    for (ValueType type : ValueType.values()) {
      float[] w = rows(21, 77, 30);
      long all = (long) type.bytes() * 21 * 77;
      assertThat(bytes("dense", type, w, 21, 77)).isEqualTo(all + scales(type, 21));
      assertThat(bytes("columns", type, w, 21, 77)).isEqualTo(all + scales(type, 77));
    }
  }

  @Test
  void stripsTakeTwoBytesForEveryBlock() {
    int rows = 48;
    int cols = 600;
    float[] w = rows(rows, cols, 18);
    for (Stored stored : Samples.stored("strip4x1", "strip16x1", "strip1x16")) {
      StripShape shape = StripMatrix.shape(stored.format()).orElseThrow();
      int outputs = shape.outputs();
      int inputs = shape.inputs();
      long blocks = blocks(w, rows, cols, outputs, inputs);
      long expected =
          4 * (ceil(rows, outputs) * ceil(cols, SPAN) + 1)
              + (2L + (long) stored.type().bytes() * outputs * inputs) * blocks
              + scales(stored.type(), rows);
      assertThat(bytes(stored.format(), stored.type(), w, rows, cols))
          .as("%s", stored)
          .isEqualTo(expected);
    }
  }

  private static long blocks(float[] w, int rows, int cols, int outputs, int inputs) {
    long blocks = 0;
    for (int r0 = 0; r0 < rows; r0 += outputs) {
      for (int k0 = 0; k0 < cols; k0 += inputs) {
        boolean kept = false;
        for (int r = r0; r < Math.min(rows, r0 + outputs); r++) {
          for (int k = k0; k < Math.min(cols, k0 + inputs); k++) {
            kept |= w[r * cols + k] != 0f;
          }
        }
        blocks += kept ? 1 : 0;
      }
    }
    return blocks;
  }

  /**
   * From 1024 inputs on bitmap takes at most 54 %, 29 % and 17 % of float32 at half the weights.
   */
  @Test
  void bitmapSharesOfDense() {
    int rows = 64;
    int cols = 1024;
    for (ValueType type : ValueType.values()) {
      double half = bytes("bitmap", type, rows(rows, cols, cols / 2), rows, cols);
      double tenth = bytes("bitmap", type, rows(rows, cols, cols / 10), rows, cols);
      double dense = 4.0 * rows * cols;
      double mostAtHalf =
          switch (type) {
            case F32 -> 0.54;
            case BF16 -> 0.29;
            case INT8 -> 0.17;
          };
      double mostAtTenth =
          switch (type) {
            case F32 -> 0.14;
            case BF16 -> 0.09;
            case INT8 -> 0.06;
          };
      assertThat(half / dense).as("%s", type).isLessThanOrEqualTo(mostAtHalf);
      assertThat(tenth / dense).as("%s", type).isLessThanOrEqualTo(mostAtTenth);
    }
  }

  private static long bytes(String format, ValueType type, float[] w, int rows, int cols) {
    return new Stored(format, type).pack(w, rows, cols).bytes();
  }
}
