package dev.filigree.file;

import dev.filigree.mask.Mask;
import dev.filigree.pack.Part;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Pruned matrices in the layout of format {@code bitmap}, every kept value with the bits it has in
 * its own type: F32, F16, BF16 or I8. What is kept in F32 or BF16 is served from the file as it
 * lies there.
 *
 * <p>Parts: {@code masks} U16 [strips, cols], bit i of a mask for output 16 * strip + i; {@code
 * starts} I32 [strips + 1], values before each strip; {@code values} [kept + 16], strip by strip,
 * input by input, the last 16 zero.
 */
final class StoredBitmap {
  static final String FORMAT = "bitmap";
  private static final int STRIP = 16;
  private static final String MASKS = "masks";
  private static final String STARTS = "starts";
  private static final String VALUES = "values";

  private StoredBitmap() {}

  /** Whether a tensor can be stored so; whether it becomes smaller is another matter. */
  static boolean canHold(Tensor t) {
    boolean type =
        t.dtype() == DType.F32
            || t.dtype() == DType.F16
            || t.dtype() == DType.BF16
            || t.dtype() == DType.I8;
    return type
        && t.shape().length == 2
        && t.shape()[0] > 0
        && t.shape()[1] > 0
        && t.shape()[1] <= Integer.MAX_VALUE / (2 * STRIP * 4)
        && t.shape()[0] * t.shape()[1] <= Integer.MAX_VALUE - 1024;
  }

  /** Bytes of all parts. */
  static long bytes(DType type, int rows, int cols, long kept) {
    long strips = strips(rows);
    return 2 * strips * cols + 4 * (strips + 1) + (kept + STRIP) * (type.bits() / 8);
  }

  private static int strips(int rows) {
    return (int) (((long) rows + STRIP - 1) / STRIP);
  }

  /**
   * Stores a matrix.
   *
   * @param t one that {@link #canHold}, its removed weights zero
   * @param keepNegativeZero whether a kept -0.0 stays one, else it becomes 0
   * @param spool where the parts wait until they are written
   */
  static PackedEntry pack(
      Tensor t, Mask mask, boolean keepNegativeZero, String pattern, Spool spool) {
    int rows = mask.rows();
    int cols = mask.cols();
    int strips = strips(rows);
    int width = t.dtype().bits() / 8;
    int negativeZero = keepNegativeZero ? 0 : RawElements.negativeZero(t.dtype());
    ByteBuffer masks = little(2L * strips * cols);
    ByteBuffer starts = little(4L * (strips + 1));
    ByteBuffer values = little((mask.keptCount() + STRIP) * width);
    RawElements elements = RawElements.of(t);
    int[] strip = new int[STRIP * cols];
    int next = 0;
    for (int s = 0; s < strips; s++) {
      starts.putInt(4 * s, next);
      int first = s * STRIP;
      int count = Math.min(STRIP, rows - first);
      elements.read((long) first * cols, strip, count * cols);
      for (int k = 0; k < cols; k++) {
        int bits = 0;
        for (int i = 0; i < count; i++) {
          if (mask.kept(first + i, k)) {
            int value = strip[i * cols + k];
            RawElements.put(values, next++, width, value == negativeZero ? 0 : value);
            bits |= 1 << i;
          }
        }
        masks.putShort(2 * (s * cols + k), (short) bits);
      }
    }
    starts.putInt(4 * strips, next);
    Descriptor descriptor =
        new Descriptor(
            FORMAT, rows, cols, t.dtype(), pattern, mask.sparsity(), mask.sha256(), Map.of());
    return new PackedEntry(
        t.name(),
        descriptor,
        List.of(
            part(spool, MASKS, DType.U16, masks, strips, cols),
            part(spool, STARTS, DType.I32, starts, strips + 1L),
            part(spool, VALUES, t.dtype(), values, mask.keptCount() + STRIP)));
  }

  private static Part part(Spool spool, String suffix, DType type, ByteBuffer data, long... shape) {
    Tensor stored = spool.add(suffix, type, shape, List.of(data));
    return new Part(suffix, type.name(), shape, stored.data().order(ByteOrder.nativeOrder()));
  }

  private static ByteBuffer little(long bytes) {
    return ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Whether an entry is stored so: in this format, with values of the dense matrix's own type. */
  static boolean isStored(PackedEntry e) {
    return e.descriptor().format().equals(FORMAT)
        && e.parts().stream()
            .anyMatch(
                p -> p.suffix().equals(VALUES) && p.dtype().equals(e.descriptor().dtype().name()))
        && e.parts().stream().noneMatch(p -> p.suffix().equals("scales"));
  }

  /**
   * A stored matrix, checked: nothing outside its parts can be read.
   *
   * @throws FiligreeException FIL-0415 where the parts contradict each other
   */
  static StoredBitmap.Reading read(PackedEntry e, Path file) {
    Reading reading = new Reading(e, file);
    reading.check();
    return reading;
  }

  /** The arrays of one entry. */
  static final class Reading {
    private final PackedEntry entry;
    private final Path file;
    private final int rows;
    private final int cols;
    private final int strips;
    private final int width;
    private final ByteBuffer masks;
    private final ByteBuffer starts;
    private final ByteBuffer values;

    private Reading(PackedEntry entry, Path file) {
      this.entry = entry;
      this.file = file;
      rows = entry.descriptor().rows();
      cols = entry.descriptor().cols();
      strips = strips(rows);
      DType type = entry.descriptor().dtype();
      width = type.bits() / 8;
      require(
          width == 1 || width == 2 || width == 4, "its type is " + type + ", which is not packed");
      masks = array(MASKS, DType.U16, strips, cols);
      starts = array(STARTS, DType.I32, strips + 1L);
      values = array(VALUES, type, -1);
    }

    private ByteBuffer array(String suffix, DType type, long... shape) {
      List<Part> found = entry.parts().stream().filter(p -> p.suffix().equals(suffix)).toList();
      require(found.size() == 1, "the part " + suffix + " is missing");
      Part part = found.get(0);
      boolean vector = shape.length == 1 && shape[0] < 0 && part.shape().length == 1;
      require(
          part.dtype().equals(type.name()) && (vector || Arrays.equals(part.shape(), shape)),
          "the part %s is %s %s, not %s %s"
              .formatted(
                  suffix,
                  part.dtype(),
                  Arrays.toString(part.shape()),
                  type,
                  Arrays.toString(shape)));
      return part.data().duplicate().position(0).slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    private void check() {
      int unused = rows % STRIP == 0 ? 0 : -1 << (rows % STRIP) & 0xFFFF;
      long kept = 0;
      for (int s = 0; s < strips; s++) {
        require(
            starts.getInt(4 * s) == kept,
            "starts says %s values before strip %s, the masks %s"
                .formatted(starts.getInt(4 * s), s, kept));
        for (int k = 0; k < cols; k++) {
          int bits = bits(s, k);
          require(s < strips - 1 || (bits & unused) == 0, "a mask has bits behind the last output");
          kept += Integer.bitCount(bits);
        }
      }
      require(
          starts.getInt(4 * strips) == kept,
          "starts ends with %s, the masks count %s".formatted(starts.getInt(4 * strips), kept));
      require(
          values.limit() == (kept + STRIP) * width,
          "there are %s values, but the masks count %s and 16 more at the end"
              .formatted(values.limit() / width, kept));
      for (int i = values.limit() - STRIP * width; i < values.limit(); i++) {
        require(values.get(i) == 0, "the 16 values at the end are not zero");
      }
    }

    private void require(boolean holds, String reason) {
      if (!holds) {
        throw new FiligreeException(
            Message.FIL_0415, file, "tensor " + entry.name() + ": " + reason);
      }
    }

    private int bits(int strip, int col) {
      return masks.getShort(2 * (strip * cols + col)) & 0xFFFF;
    }

    Mask mask() {
      byte[] out = new byte[Math.toIntExact(((long) rows * cols + 7) >>> 3)];
      for (int s = 0; s < strips; s++) {
        for (int k = 0; k < cols; k++) {
          for (int left = bits(s, k); left != 0; left &= left - 1) {
            long i = (long) (s * STRIP + Integer.numberOfTrailingZeros(left)) * cols + k;
            out[(int) (i >>> 3)] |= (byte) (0x80 >>> (i & 7));
          }
        }
      }
      return Mask.ofBits(ByteBuffer.wrap(out), rows, cols);
    }

    /** How many kept values are zero. */
    long keptZeros() {
      int negativeZero = RawElements.negativeZero(entry.descriptor().dtype());
      long count = 0;
      int kept = values.limit() / width - STRIP;
      for (int i = 0; i < kept; i++) {
        int value = RawElements.get(values, i, width);
        count += value == 0 || value == negativeZero ? 1 : 0;
      }
      return count;
    }

    Tensor unpack(Spool spool) {
      return spool.add(
          entry.name(),
          entry.descriptor().dtype(),
          entry.shape(),
          () -> IntStream.range(0, strips).mapToObj(this::strip).iterator());
    }

    private ByteBuffer strip(int s) {
      int count = Math.min(STRIP, rows - s * STRIP);
      ByteBuffer out = little((long) count * cols * width);
      int next = starts.getInt(4 * s);
      for (int k = 0; k < cols; k++) {
        int bits = bits(s, k);
        for (int i = 0; i < count; i++) {
          if ((bits >>> i & 1) != 0) {
            RawElements.put(out, i * cols + k, width, RawElements.get(values, next++, width));
          }
        }
      }
      return out;
    }
  }
}
