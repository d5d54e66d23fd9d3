package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.Bf16;
import dev.filigree.kernel.Int8;
import dev.filigree.kernel.StripShape;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Weights and activations for tests. */
final class Samples {

  private Samples() {}

  /** A format and a type of stored values that it holds. */
  record Stored(String format, ValueType type) {

    StoredMatrix<?> pack(float[] w, int rows, int cols) {
      return (StoredMatrix<?>) PackedMatrices.of(format, type, direct(w), rows, cols);
    }

    /**
     * Which weights multiply: all in the dense formats, those of stored blocks in the strip
     * formats, those that are not zero in the others.
     *
     * @param w as they are stored, [rows][cols]
     */
    boolean[] multiplies(float[] w, int rows, int cols) {
      boolean[] multiplies = new boolean[w.length];
      StripShape shape = StripMatrix.shape(format).orElse(null);
      int outputs = shape == null ? 1 : shape.outputs();
      int inputs = shape == null ? 1 : shape.inputs();
      boolean all = List.of("dense", "columns").contains(format);
      for (int r = 0; r < rows; r++) {
        for (int k = 0; k < cols; k++) {
          boolean kept = all;
          int r0 = r / outputs * outputs;
          int k0 = k / inputs * inputs;
          for (int i = r0; i < Math.min(rows, r0 + outputs); i++) {
            for (int j = k0; j < Math.min(cols, k0 + inputs); j++) {
              kept |= w[i * cols + j] != 0f;
            }
          }
          multiplies[r * cols + k] = kept;
        }
      }
      return multiplies;
    }

    @Override
    public String toString() {
      return format + " " + type.label();
    }
  }

  /** All formats, or those named, with every type they hold. */
  static List<Stored> stored(String... formats) {
    return PackedMatrices.formats().stream()
        .filter(f -> formats.length == 0 || List.of(formats).contains(f))
        .flatMap(f -> Arrays.stream(ValueType.values()).map(t -> new Stored(f, t)))
        .filter(Samples::held)
        .toList();
  }

  private static boolean held(Stored stored) {
    try {
      stored.pack(new float[1], 1, 1);
      return true;
    } catch (FiligreeException e) {
      assertThat(e.id()).isEqualTo(Message.FIL_0315);
      return false;
    }
  }

  /** The weights as they are stored, dense [rows][cols]. */
  static float[] unpack(PackedMatrix matrix) {
    ByteBuffer dense = direct(new float[matrix.rows() * matrix.cols()]);
    matrix.unpack(dense);
    return array(dense);
  }

  /** Weights [rows][cols] as the type rounds them. */
  static float[] rounded(Stored stored, float[] w, int rows, int cols) {
    boolean byInputs = stored.format().contains("columns");
    float[] largest = new float[byInputs ? cols : rows];
    for (int i = 0; i < w.length; i++) {
      int group = byInputs ? i % cols : i / cols;
      largest[group] = Math.max(largest[group], Math.abs(w[i]));
    }
    float[] rounded = new float[w.length];
    for (int i = 0; i < w.length; i++) {
      float scale = Int8.scale(largest[byInputs ? i % cols : i / cols]);
      rounded[i] =
          switch (stored.type()) {
            case F32 -> w[i];
            case BF16 -> Bf16.toFloat(Bf16.of(w[i]));
            case INT8 -> Int8.of(w[i], scale) * scale;
          };
    }
    return rounded;
  }

  /** How the zeros lie. */
  enum Pattern {
    UNIFORM,
    /** Row r keeps about a share of 1 / (r + 1). */
    POWER_LAW,
    /** Every third row is empty, every third is full. */
    EMPTY_AND_FULL_ROWS,
    /** Two of four. */
    TWO_OF_FOUR,
    /** Nothing but the last input. */
    LAST_COLUMN,
    /** Whole blocks of 16 outputs by 16 inputs. */
    BLOCKS
  }

  /** Weights [rows][cols]; sparsity is used by UNIFORM and BLOCKS only. */
  static float[] weights(Random random, Pattern pattern, int rows, int cols, double sparsity) {
    float[] w = new float[rows * cols];
    boolean[] blocks = new boolean[(rows / 16 + 1) * (cols / 16 + 1)];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = random.nextDouble() >= sparsity;
    }
    for (int r = 0; r < rows; r++) {
      for (int k = 0; k < cols; k++) {
        boolean kept =
            switch (pattern) {
              case UNIFORM -> random.nextDouble() >= sparsity;
              case POWER_LAW -> random.nextDouble() < 1.0 / (r + 1);
              case EMPTY_AND_FULL_ROWS -> r % 3 == 0 || (r % 3 == 1 && random.nextBoolean());
              case TWO_OF_FOUR -> (k + r) % 4 < 2;
              case LAST_COLUMN -> k == cols - 1;
              case BLOCKS -> blocks[r / 16 * (cols / 16 + 1) + k / 16];
            };
        if (kept) {
          w[r * cols + k] = (float) random.nextGaussian();
        }
      }
    }
    return w;
  }

  static float[] gaussian(Random random, int count) {
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /** Replaces about one in that many by special values. */
  static void sprinkle(Random random, float[] values, int oneIn, float... special) {
    for (int i = 0; i < values.length; i++) {
      if (random.nextInt(oneIn) == 0) {
        values[i] = special[random.nextInt(special.length)];
      }
    }
  }

  /** An aligned direct buffer. */
  static ByteBuffer direct(float[] values) {
    ByteBuffer buffer = AlignedMemory.allocate(4 * values.length);
    buffer.asFloatBuffer().put(values);
    return buffer;
  }

  /** A direct buffer that is aligned to 4 bytes and to nothing more. */
  static ByteBuffer misaligned(float[] values) {
    ByteBuffer buffer =
        AlignedMemory.allocate(4 * values.length + 4)
            .slice(4, 4 * values.length)
            .order(java.nio.ByteOrder.nativeOrder());
    buffer.asFloatBuffer().put(values);
    return buffer;
  }

  static float[] array(ByteBuffer buffer) {
    float[] values = new float[buffer.limit() / 4];
    buffer.asFloatBuffer().get(values);
    return values;
  }
}
