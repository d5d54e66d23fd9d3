package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class FloatTensorTest {
  @Test
  void everyHalfComesBack() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = Half.toFloat((short) bits);
      assertThat(Float.compare(value, definition(bits))).as("%x", bits).isZero();
      boolean signalling = Float.isNaN(value) && (bits & 0x200) == 0;
      assertThat(Half.of(value) & 0xFFFF).isEqualTo(signalling ? bits | 0x200 : bits);
    }
  }

  private static float definition(int bits) {
    double fraction = bits & 0x3FF;
    int exponent = bits >>> 10 & 31;
    double magnitude =
        switch (exponent) {
          case 0 -> fraction * Math.pow(2, -24);
          case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
          default -> (1 + fraction / 1024) * Math.pow(2, exponent - 15);
        };
    return (float) (bits >>> 15 == 0 ? magnitude : -magnitude);
  }

  @Test
  void everyFloatGoesToTheNearestHalf() {
    Random random = new Random(11);
    for (int i = 0; i < 2_000_000; i++) {
      float value =
          i % 2 == 0
              ? (float) (random.nextGaussian() * Math.pow(2, random.nextInt(44) - 27))
              : Half.toFloat((short) random.nextInt(0x7C00)) * (1 + random.nextInt(3) * 0x1p-11f);
      assertNearest(value);
    }
    for (float value :
        new float[] {65504, 65519.996f, 65520, 1e9f, 0x1p-24f, 0x1p-25f, 0x1.8p-25f}) {
      assertNearest(value);
      assertNearest(-value);
    }
  }

  private static void assertNearest(float value) {
    int magnitude = Half.of(value) & 0x7FFF;
    assertThat(Half.of(value) >>> 15 & 1).isEqualTo(Float.floatToRawIntBits(value) >>> 31);
    // Infinity takes the place of 65536.
    double found = magnitude == 0x7C00 ? 65536 : Half.toFloat((short) magnitude);
    double distance = Math.abs(Math.abs((double) value) - found);
    for (int other : new int[] {magnitude - 1, magnitude + 1}) {
      if (other >= 0 && other <= 0x7C00) {
        double near = other == 0x7C00 ? 65536 : Half.toFloat((short) other);
        double there = Math.abs(Math.abs((double) value) - near);
        boolean even = (magnitude & 1) == 0;
        assertThat(even ? distance <= there : distance < there).as("%s", value).isTrue();
      }
    }
  }

  @Test
  void elementsAreReadAcrossChunks() {
    short[] bits = {0x3F80, 0x4000, (short) 0xBF00, 0x7F80, 0};
    ByteBuffer bytes = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asShortBuffer().put(bits);
    Tensor t =
        new Tensor(
            "t",
            DType.BF16,
            new long[] {5},
            List.of(bytes.slice(0, 4), bytes.slice(4, 4), bytes.slice(8, 2)));
    FloatTensor floats = FloatTensor.of(t);
    assertThat(floats.size()).isEqualTo(5);
    FloatBuffer out = FloatBuffer.allocate(4);
    floats.read(1, out);
    assertThat(out.array()).containsExactly(2, -0.5f, Float.POSITIVE_INFINITY, 0);
    assertThatThrownBy(() -> floats.read(3, out)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    FloatBuffer values = FloatBuffer.wrap(new float[] {1.5f, -2, 0x1p-20f, -0f});
    for (DType type : List.of(DType.F32, DType.F16, DType.BF16)) {
      ByteBuffer bytes = FloatTensor.encode("t", type, values);
      FloatBuffer out = FloatBuffer.allocate(4);
      FloatTensor.of(Tensor.of("t", type, new long[] {4}, bytes)).read(0, out);
      assertThat(out).as(type.name()).isEqualTo(values);
    }
    FloatBuffer small = FloatBuffer.allocate(2);
    FloatTensor.of(Tensor.of("t", DType.I8, new long[] {2}, ByteBuffer.wrap(new byte[] {-128, 7})))
        .read(0, small);
    assertThat(small.array()).containsExactly(-128, 7);
    assertThatThrownBy(() -> FloatTensor.encode("t", DType.I8, values))
        .hasMessageContaining("FIL-0405");
    assertThatThrownBy(
            () ->
                FloatTensor.of(Tensor.of("ids", DType.I64, new long[] {0}, ByteBuffer.allocate(0))))
        .hasMessageContaining("ids")
        .hasMessageContaining("I64");
  }
}
