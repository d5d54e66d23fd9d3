package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.Samples.Pattern;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PackedMatricesTest {

  static List<Samples.Stored> stored() {
    return Samples.stored();
  }

  @Test
  void theseFormatsHoldEveryType() {
    assertThat(
            Samples.stored(
                "dense", "columns", "bitmap", "csr", "sell", "strip4x1", "strip16x1", "strip1x16"))
        .hasSize(24);
  }

  /** What comes back is the rounded weight, and +0.0 for -0.0. */
  @ParameterizedTest
  @MethodSource("stored")
  void packingLosesNothingButRoundingAndNegativeZeros(Samples.Stored stored) {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (Pattern pattern : Pattern.values()) {
      for (int[] shape : new int[][] {{1, 1}, {16, 32}, {17, 33}, {50, 1030}, {0, 5}, {5, 0}}) {
        int rows = shape[0];
        int cols = shape[1];
        float[] w = Samples.weights(random, pattern, rows, cols, 0.6);
        Samples.sprinkle(random, w, 10, -0f, Float.MIN_VALUE, 1e30f);
        PackedMatrix packed = stored.pack(w, rows, cols);
        PackedMatrix again = PackedMatrices.fromParts(stored.format(), rows, cols, byName(packed));
        assertThat(again.valueType()).isEqualTo(stored.type());
        assertThat(again.nonZeros()).isEqualTo(packed.nonZeros());
        assertThat(again.bytes()).isEqualTo(packed.bytes());
        ByteBuffer unpacked = Samples.direct(new float[rows * cols]);
        again.unpack(unpacked);
        float[] rounded = Samples.rounded(stored, w, rows, cols);
        for (int i = 0; i < rows * cols; i++) {
          float expected = rounded[i];
          assertThat(unpacked.getInt(4 * i))
              .as("seed " + seed + ", " + packed + ", weight " + i)
              .isEqualTo(Float.floatToRawIntBits(expected == 0f ? 0f : expected));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "bitmap,F32,0.5,0.54",
    "bitmap,F32,0.9,0.14",
    "bitmap,BF16,0.5,0.29",
    "bitmap,BF16,0.9,0.09",
    "bitmap,INT8,0.5,0.17",
    "bitmap,INT8,0.9,0.06",
    "csr,F32,0.9,0.16",
    "csr,BF16,0.9,0.11",
    "strip4x1,F32,0.9,0.12",
    "strip16x1,BF16,0.9,0.06",
    "strip1x16,INT8,0.9,0.03",
    "sell,F32,0.8,0.45",
    "sell,INT8,0.8,0.18"
  })
  void packedBytesAreAShareOfDense(String format, ValueType type, double sparsity, double share) {
    Pattern pattern = format.startsWith("strip") ? Pattern.BLOCKS : Pattern.UNIFORM;
    float[] w = Samples.weights(new Random(1), pattern, 512, 1024, sparsity);
    PackedMatrix packed = PackedMatrices.of(format, type, Samples.direct(w), 512, 1024);
    assertThat(packed.bytes() / (4.0 * w.length)).isLessThanOrEqualTo(share);
  }

  @ParameterizedTest
  @MethodSource("stored")
  void refusesWeightsThatAreNotFinite(Samples.Stored stored) {
    float[] w = Samples.gaussian(new Random(1), 20 * 40);
    w[3 * 40 + 7] = Float.NEGATIVE_INFINITY;
    w[19 * 40 + 39] = Float.NaN;
    assertThatExceptionOfType(FiligreeException.class)
        .isThrownBy(() -> stored.pack(w, 20, 40))
        .withMessageContaining("FIL-0320")
        .withMessageContaining("2 of the 800 weights")
        .withMessageContaining("output 3, input 7 (-Infinity)");
  }

  @Test
  void refusesWeightsThatBfloat16CannotHold() {
    ByteBuffer dense = Samples.direct(new float[] {1f, Float.MAX_VALUE});
    PackedMatrices.of("bitmap", ValueType.F32, dense, 1, 2);
    refuses(Message.FIL_0320, () -> PackedMatrices.of("bitmap", ValueType.BF16, dense, 1, 2));
  }

  @Test
  void nOfMNeedsNoPaddingInSell() {
    float[] w = Samples.weights(new Random(1), Pattern.TWO_OF_FOUR, 64, 128, 0);
    PackedMatrix packed = PackedMatrices.of("sell", Samples.direct(w), 64, 128);
    assertThat(packed.nonZeros()).isEqualTo(64 * 64);
    assertThat(packed.parts().get(2).shape()).containsExactly(64 * 64 / 16, 16);
  }

  @Test
  void stripsForAPatternAreThoseItRemovesWhole() {
    assertThat(strips(4, 1)).containsExactly("strip4x1");
    assertThat(strips(32, 3)).containsExactly("strip16x1", "strip4x1");
    assertThat(strips(1, 16)).containsExactly("strip1x16");
    assertThat(strips(16, 16)).containsExactly("strip16x1", "strip1x16", "strip4x1");
    assertThat(strips(7, 5)).isEmpty();
    assertThat(PackedMatrices.strips(new dev.filigree.plan.Pattern.NM(2, 4))).isEmpty();
    assertThat(PackedMatrices.strips(new dev.filigree.plan.Pattern.Row()))
        .containsExactly("strip1x16");
    assertThat(PackedMatrices.strips(new dev.filigree.plan.Pattern.Channel()))
        .containsExactly("strip16x1", "strip4x1");
  }

  private static List<String> strips(int outputs, int inputs) {
    return PackedMatrices.strips(new dev.filigree.plan.Pattern.Block(outputs, inputs));
  }

  @Test
  void stripsKeepWholeBlocksCutAtTheEdge() {
    float[] w = new float[18 * 33];
    w[17 * 33 + 32] = 5f;
    ByteBuffer dense = Samples.direct(w);
    assertThat(PackedMatrices.of("strip4x1", dense, 18, 33).nonZeros()).isEqualTo(2);
    assertThat(PackedMatrices.of("strip16x1", dense, 18, 33).nonZeros()).isEqualTo(2);
    assertThat(PackedMatrices.of("strip1x16", dense, 18, 33).nonZeros()).isEqualTo(1);
    w[7] = 5f;
    PackedMatrix packed = PackedMatrices.of("strip1x16", Samples.direct(w), 18, 33);
    assertThat(packed.nonZeros()).isEqualTo(17);
    assertThat(packed.parts().get(2).shape()).containsExactly(2, 1, 16);
  }

  @Test
  void alignedPartsAreUsedWhereTheyLie() {
    float[] w = Samples.weights(new Random(1), Pattern.UNIFORM, 32, 64, 0.5);
    PackedMatrix packed = PackedMatrices.of("csr", Samples.direct(w), 32, 64);
    Map<String, Part> parts = byName(packed);
    ByteBuffer shared = AlignedMemory.allocate(parts.get("values").data().limit());
    shared.put(0, parts.get("values").data(), 0, shared.limit());
    parts.put("values", new Part("values", "F32", new long[] {packed.nonZeros()}, shared));
    PackedMatrix onShared = PackedMatrices.fromParts("csr", 32, 64, parts);
    shared.putFloat(0, 42f);
    ByteBuffer dense = Samples.direct(new float[32 * 64]);
    onShared.unpack(dense);
    assertThat(Samples.array(dense)).contains(42f);
    assertThat(AlignedMemory.isAligned(onShared.parts().get(2).data())).isTrue();
  }

  @Test
  void heapAndMisalignedPartsAreCopied() {
    float[] w = Samples.weights(new Random(1), Pattern.UNIFORM, 32, 64, 0.5);
    for (String format : PackedMatrices.formats()) {
      Map<String, Part> parts = byName(PackedMatrices.of(format, Samples.direct(w), 32, 64));
      parts.replaceAll(
          (name, part) -> {
            ByteBuffer heap =
                ByteBuffer.allocate(part.data().limit()).order(ByteOrder.nativeOrder());
            heap.put(0, part.data(), 0, heap.limit());
            return new Part(name, part.dtype(), part.shape(), heap);
          });
      ByteBuffer dense = Samples.direct(new float[32 * 64]);
      PackedMatrices.fromParts(format, 32, 64, parts).unpack(dense);
      assertThat(Samples.array(dense)).isEqualTo(w);
    }
  }

  @Test
  void partsCannotBeWrittenTo() {
    float[] w = Samples.weights(new Random(1), Pattern.UNIFORM, 20, 40, 0.5);
    for (String format : PackedMatrices.formats()) {
      for (Part part : PackedMatrices.of(format, Samples.direct(w), 20, 40).parts()) {
        assertThat(part.data().isReadOnly()).as(format + " " + part.suffix()).isTrue();
        assertThat(part.data().order()).isEqualTo(ByteOrder.nativeOrder());
      }
    }
  }

  @Test
  void columnNorms() {
    float[] w = {3, 0, 1e-30f, 4, 0, 0};
    ColumnsMatrix matrix = (ColumnsMatrix) PackedMatrices.of("columns", Samples.direct(w), 2, 3);
    double[] norms = matrix.columnNorms();
    assertThat(norms[0]).isEqualTo(5);
    assertThat(norms[1]).isZero();
    // In float the square would vanish.
    assertThat(norms[2]).isCloseTo(1e-30, within(1e-36));
  }

  @Test
  void refusesIllegalOutputs() {
    DenseMatrix matrix =
        (DenseMatrix) PackedMatrices.of("dense", Samples.direct(new float[6]), 2, 3);
    ByteBuffer x = Samples.direct(new float[3]);
    ByteBuffer y = Samples.direct(new float[2]);
    for (int[] outputs : new int[][] {{2}, {-1}, {0, Integer.MIN_VALUE}}) {
      refuses(Message.FIL_0316, () -> matrix.multiplyRows(x, outputs, outputs.length, null, y));
    }
    refuses(Message.FIL_0316, () -> matrix.multiplyRows(x, new int[] {0}, 2, null, y));
    refuses(Message.FIL_0316, () -> matrix.multiplyRows(x, new int[] {0}, -1, null, y));
  }

  @Test
  void refusesBuffersItCannotUse() {
    PackedMatrix matrix = PackedMatrices.of("bitmap", Samples.direct(new float[6]), 2, 3);
    ByteBuffer x = Samples.direct(new float[3]);
    ByteBuffer y = Samples.direct(new float[2]);
    refuses(Message.FIL_0304, () -> matrix.multiply(x, 0, null, y));
    refuses(Message.FIL_0308, () -> matrix.multiply(x, 2, null, y));
    refuses(Message.FIL_0308, () -> matrix.multiply(ByteBuffer.allocate(12), 1, null, y));
    refuses(Message.FIL_0308, () -> matrix.multiply(x, 1, Samples.direct(new float[1]), y));
    refuses(Message.FIL_0308, () -> matrix.multiply(x, 1, null, y.asReadOnlyBuffer()));
    refuses(Message.FIL_0308, () -> matrix.unpack(y));
    refuses(Message.FIL_0312, () -> matrix.multiply(x, Integer.MAX_VALUE, null, y));
  }

  @Test
  void readsBuffersWhateverTheirPositionAndOrder() {
    PackedMatrix matrix =
        PackedMatrices.of("dense", Samples.direct(new float[] {1, 2, 3, 4, 5, 6}), 2, 3);
    ByteBuffer x = Samples.direct(new float[] {1, 1, 1}).position(8).order(ByteOrder.BIG_ENDIAN);
    ByteBuffer y = Samples.direct(new float[2]);
    matrix.multiply(x, 1, null, y.duplicate().position(4));
    assertThat(Samples.array(y)).containsExactly(6, 15);
    assertThat(x.position()).isEqualTo(8);
  }

  @Test
  void refusesIllegalActiveInputs() {
    ByteBuffer x = Samples.direct(new float[3]);
    ByteBuffer y = Samples.direct(new float[2]);
    for (String format : PackedMatrices.formats()) {
      PackedMatrix matrix = PackedMatrices.of(format, Samples.direct(new float[6]), 2, 3);
      for (int[] active : new int[][] {{3}, {-1}, {0, Integer.MIN_VALUE}}) {
        refuses(Message.FIL_0313, () -> matrix.multiplyActive(x, active, active.length, null, y));
      }
      refuses(Message.FIL_0313, () -> matrix.multiplyActive(x, new int[] {0}, 2, null, y));
      refuses(Message.FIL_0313, () -> matrix.multiplyActive(x, new int[] {0}, -1, null, y));
    }
  }

  @Test
  void refusesShapesAndFormats() {
    ByteBuffer dense = Samples.direct(new float[6]);
    refuses(Message.FIL_0309, () -> PackedMatrices.of("coo", dense, 2, 3));
    refuses(Message.FIL_0309, () -> PackedMatrices.fromParts("coo", 2, 3, Map.of()));
    refuses(Message.FIL_0306, () -> PackedMatrices.of("csr", dense, -1, 3));
    refuses(Message.FIL_0306, () -> PackedMatrices.of("csr", dense, 2, 4));
    refuses(Message.FIL_0312, () -> PackedMatrices.of("csr", dense, 1 << 16, 1 << 16));
    refuses(Message.FIL_0308, () -> PackedMatrices.of("csr", ByteBuffer.allocate(24), 2, 3));
    for (String format : PackedMatrices.formats()) {
      refuses(Message.FIL_0310, () -> PackedMatrices.fromParts(format, 2, 3, Map.of()));
      refuses(Message.FIL_0306, () -> PackedMatrices.fromParts(format, -2, 3, Map.of()));
    }
    refuses(
        Message.FIL_0312,
        () -> PackedMatrices.fromParts("dense", Integer.MAX_VALUE, Integer.MAX_VALUE, Map.of()));
  }

  @Test
  void refusesPartsOfAnotherShape() {
    float[] w = Samples.weights(new Random(1), Pattern.UNIFORM, 20, 40, 0.5);
    for (Samples.Stored stored : Samples.stored()) {
      String format = stored.format();
      PackedMatrix packed = stored.pack(w, 20, 40);
      for (Part part : packed.parts()) {
        Map<String, Part> parts = byName(packed);
        ByteBuffer shorter = part.data().duplicate().limit(part.data().limit() - 1);
        parts.put(part.suffix(), new Part(part.suffix(), part.dtype(), part.shape(), shorter));
        refuses(Message.FIL_0310, () -> PackedMatrices.fromParts(format, 20, 40, parts));
        parts.put(part.suffix(), new Part(part.suffix(), "F64", part.shape(), part.data()));
        refuses(Message.FIL_0310, () -> PackedMatrices.fromParts(format, 20, 40, parts));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "bitmap,masks,2,2",
    "bitmap,starts,4,4",
    "bitmap,starts,4,0",
    "bitmap,values,-4,4",
    "csr,pointers,0,4",
    "csr,pointers,8,4",
    "csr,columns,0,2",
    "csr,columns,4,2",
    "sell,starts,0,4",
    "sell,starts,4,4",
    "sell,inputs,0,1",
    "sell,inputs,9,1",
    "strip4x1,pointers,0,4",
    "strip4x1,pointers,8,4",
    "strip4x1,positions,4,2",
    "strip16x1,positions,0,2",
    "strip16x1,values,-4,4",
    "strip1x16,positions,0,1",
    "strip1x16,values,-4,4"
  })
  void refusesDamagedParts(String format, String suffix, int at, int size) {
    float[] w = Samples.weights(new Random(1), Pattern.UNIFORM, 20, 40, 0.3);
    PackedMatrix packed = PackedMatrices.of(format, Samples.direct(w), 20, 40);
    UnaryOperator<ByteBuffer> damage =
        data -> {
          int position = at < 0 ? data.limit() + at : at;
          if (size == 0) {
            return data.putInt(position, -1);
          }
          for (int i = 0; i < size; i++) {
            data.put(position + i, (byte) (data.get(position + i) ^ (i == size - 1 ? 0x7F : 0x55)));
          }
          return data;
        };
    Map<String, Part> parts = byName(packed);
    Part part = parts.get(suffix);
    ByteBuffer copy = AlignedMemory.allocate(part.data().limit());
    copy.put(0, part.data(), 0, copy.limit());
    parts.put(suffix, new Part(suffix, part.dtype(), part.shape(), damage.apply(copy)));
    assertThatExceptionOfType(FiligreeException.class)
        .isThrownBy(() -> PackedMatrices.fromParts(format, 20, 40, parts))
        .matches(e -> e.id() == Message.FIL_0311 || e.id() == Message.FIL_0310)
        .withMessageContaining(format);
  }

  /** Random damage either fails with a message or gives a matrix whose products stay in bounds. */
  @ParameterizedTest
  @MethodSource("stored")
  void randomDamageNeverEscapesTheChecks(Samples.Stored stored) {
    String format = stored.format();
    long seed = System.nanoTime();
    Random random = new Random(seed);
    float[] w = Samples.weights(random, Pattern.UNIFORM, 20, 40, 0.5);
    PackedMatrix packed = stored.pack(w, 20, 40);
    ByteBuffer x = Samples.direct(new float[5 * 40]);
    ByteBuffer y = Samples.direct(new float[5 * 20]);
    Map<String, Integer> outcomes = new HashMap<>();
    for (int i = 0; i < 400; i++) {
      Map<String, Part> parts = byName(packed);
      Part part = packed.parts().get(random.nextInt(packed.parts().size()));
      ByteBuffer copy = AlignedMemory.allocate(part.data().limit());
      copy.put(0, part.data(), 0, copy.limit());
      copy.put(random.nextInt(copy.limit()), (byte) random.nextInt());
      parts.put(part.suffix(), new Part(part.suffix(), part.dtype(), part.shape(), copy));
      PackedMatrix damaged = acceptedOrNull(format, parts);
      outcomes.merge(damaged == null ? "refused" : "accepted", 1, Integer::sum);
      if (damaged != null) {
        damaged.multiply(x, 1, null, y);
        damaged.multiply(x, 5, null, y);
        damaged.unpack(Samples.direct(new float[20 * 40]));
      }
    }
    assertThat(outcomes).as("seed " + seed).containsKey("accepted");
  }

  private static PackedMatrix acceptedOrNull(String format, Map<String, Part> parts) {
    try {
      return PackedMatrices.fromParts(format, 20, 40, parts);
    } catch (FiligreeException e) {
      assertThat(e.id()).isIn(Message.FIL_0310, Message.FIL_0311);
      return null;
    }
  }

  private static void refuses(Message id, ThrowingCallable call) {
    assertThatExceptionOfType(FiligreeException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.id()).isEqualTo(id));
  }

  private static Map<String, Part> byName(PackedMatrix matrix) {
    Map<String, Part> parts = new LinkedHashMap<>();
    matrix.parts().forEach(p -> parts.put(p.suffix(), p));
    return parts;
  }
}
