package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.decoder.gguf.GgufFile;
import dev.filigree.decoder.gguf.GgufMetadata;
import dev.filigree.decoder.gguf.GgufTensor;
import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Headers, right and wrong. */
final class GgufFileTest {
  @TempDir private Path folder;

  private GgufFile open(GgufWriter writer) {
    return GgufFile.open(writer.write(folder.resolve("f.gguf")));
  }

  private void refused(byte[] bytes, String... texts) throws IOException {
    Path file = Files.write(folder.resolve("bad.gguf"), bytes);
    assertThatThrownBy(() -> GgufFile.open(file))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContainingAll(texts)
        .hasMessageContaining("bad.gguf");
  }

  private static GgufWriter one() {
    return new GgufWriter().tensor("a", GgufWriter.F32, new long[] {2, 3}, FloatBuffer.allocate(6));
  }

  private static byte[] value(long type, GgufWriter.Out rest) {
    GgufWriter.Out out = new GgufWriter.Out().put(type, 4);
    out.raw(rest.all());
    return out.all();
  }

  @Test
  void valuesOfEveryType() {
    GgufWriter w =
        new GgufWriter()
            .number("u8", 0, 200, 1)
            .number("i8", 1, -7, 1)
            .number("u16", 2, 60_000, 2)
            .number("i16", 3, -300, 2)
            .number("u32", 4, 2_000_000_000, 4)
            .number("i32", 5, -5, 4)
            .f32("f32", 1.5f)
            .flag("bool", true)
            .text("text", "▁é")
            .texts("texts", List.of("a", "", "b"))
            .i32s("i32s", 3, -4)
            .f32s("f32s", 0.5f, -2)
            .number("u64", 10, 5_000_000_000L, 8)
            .number("i64", 11, 7, 8)
            .f64("f64", 1e300);
    GgufMetadata m = open(w).metadata();
    assertThat(m.count("u8")).contains(200);
    assertThat(m.real("i8")).contains(-7.0);
    assertThat(m.count("u16")).contains(60_000);
    assertThat(m.real("i16")).contains(-300.0);
    assertThat(m.count("u32")).contains(2_000_000_000);
    assertThat(m.real("i32")).contains(-5.0);
    assertThat(m.real("f32")).contains(1.5);
    assertThat(m.flag("bool")).contains(true);
    assertThat(m.text("text")).contains("▁é");
    assertThat(m.texts("texts").orElseThrow()).containsExactly("a", "", "b");
    assertThat(m.wholes("i32s").orElseThrow()).containsExactly(3, -4);
    assertThat(m.reals("f32s").orElseThrow()).containsExactly(0.5, -2);
    assertThat(m.real("u64")).contains(5e9);
    assertThat(m.count("i64")).contains(7);
    assertThat(m.real("f64")).contains(1e300);
    assertThat(m.count("absent")).isEmpty();
    assertThatThrownBy(() -> m.count("u64")).hasMessageContainingAll("FIL-0822", "5000000000");
    assertThatThrownBy(() -> m.text("u8")).hasMessageContainingAll("FIL-0822", "u8 is not a text");
    assertThatThrownBy(() -> m.texts("i32s")).hasMessageContaining("FIL-0822");
  }

  @Test
  void nestedArraysAreReadAndSkipped() {
    GgufWriter.Out inner = new GgufWriter.Out().put(9, 4).put(2, 8);
    inner.put(4, 4).put(1, 8).put(9, 4);
    inner.put(7, 4).put(2, 8).put(1, 1).put(0, 1);
    GgufFile file = open(one().raw("nested", value(9, inner)).u32("last", 3));
    assertThat(file.metadata().count("last")).contains(3);
    assertThatThrownBy(() -> file.metadata().texts("nested")).hasMessageContaining("FIL-0822");
  }

  @Test
  void tensorsLieWhereTheHeaderSays() throws IOException {
    GgufWriter w =
        one()
            .tensor(
                "b", GgufWriter.F16, new long[] {4}, FloatBuffer.wrap(new float[] {1, 2, 3, 4}));
    GgufFile file = open(w);
    assertThat(file.tensors()).extracting(GgufTensor::name).containsExactly("a", "b");
    GgufTensor a = file.tensor("a").orElseThrow();
    GgufTensor b = file.tensor("b").orElseThrow();
    assertThat(a.shape()).containsExactly(2, 3);
    assertThat(a.elements()).isEqualTo(6);
    assertThat(a.offset() % 32).isZero();
    assertThat(b.offset()).isEqualTo(a.offset() + 32);
    assertThat(b.offset() + b.bytes()).isEqualTo(Files.size(file.path()));
  }

  @Test
  void otherFilesAndVersions() throws IOException {
    refused(new byte[] {'G', 'G', 'U'}, "FIL-0820", "does not begin with GGUF");
    refused(one().version(1).bytes(), "FIL-0820", "version 1");
    refused(one().version(0x03000000).bytes(), "FIL-0820", "big-endian");
    assertThat(GgufFile.isOne(folder.resolve("bad.gguf"))).isTrue();
    assertThat(GgufFile.isOne(folder)).isFalse();
    assertThatThrownBy(() -> GgufFile.open(folder.resolve("none")))
        .hasMessageContaining("FIL-0404");
  }

  /** Wherever the file ends, it is said; nothing is allocated for what is not there. */
  @Test
  void filesCutShort() throws IOException {
    byte[] whole = one().text("k", "value").texts("t", List.of("x", "y")).u32("n", 1).bytes();
    for (int length = 4; length < whole.length; length++) {
      refused(Arrays.copyOf(whole, length), "FIL-0820");
    }
  }

  @Test
  void countsAndLengthsThatLie() throws IOException {
    byte[] whole = one().text("k", "value").bytes();
    for (long lie : new long[] {Long.MAX_VALUE, -1, Integer.MAX_VALUE, 1L << 40}) {
      refused(with(whole, 8, lie), "FIL-0820", Long.toUnsignedString(lie) + " tensors");
      refused(with(whole, 16, lie), "FIL-0820", Long.toUnsignedString(lie) + " metadata keys");
      refused(with(whole, 24, lie), "FIL-0820", Long.toUnsignedString(lie) + " bytes of a text");
      GgufWriter.Out array = new GgufWriter.Out().put(0, 4).put(lie, 8);
      refused(
          one().raw("a", value(9, array)).bytes(),
          "FIL-0820",
          Long.toUnsignedString(lie) + " elements of an array");
    }
  }

  private static byte[] with(byte[] bytes, int at, long value) {
    byte[] out = bytes.clone();
    for (int i = 0; i < 8; i++) {
      out[at + i] = (byte) (value >>> 8 * i);
    }
    return out;
  }

  @Test
  void valuesThatAreNone() throws IOException {
    refused(one().raw("k", value(13, new GgufWriter.Out())).bytes(), "unknown type 13");
    refused(one().number("k", 7, 2, 1).bytes(), "truth value is 2");
    GgufWriter.Out deep = new GgufWriter.Out();
    for (int i = 0; i < 100; i++) {
      deep.put(9, 4).put(1, 8);
    }
    refused(one().raw("k", value(9, deep)).bytes(), "nested");
    refused(one().u32("", 1).bytes(), "metadata key is empty");
    for (long alignment : new long[] {0, 12, -8}) {
      refused(one().u32("general.alignment", alignment).bytes(), "general.alignment");
    }
    refused(one().text("general.alignment", "32").bytes(), "general.alignment");
  }

  @Test
  void whatOccursTwice() throws IOException {
    byte[] twice = one().u32("k1", 1).u32("k2", 1).bytes();
    int at = new String(twice, StandardCharsets.ISO_8859_1).indexOf("k2");
    twice[at + 1] = '1';
    refused(twice, "FIL-0820", "metadata key k1 occurs twice");
    refused(one().claim("a", GgufWriter.F32, 0, 1).bytes(), "tensor a occurs twice");
  }

  @Test
  void tensorsThatCannotBe() throws IOException {
    refused(one().claim("b", GgufWriter.F32, 0, 2).bytes(), "tensor", "overlaps");
    refused(one().claim("b", GgufWriter.F32, 4, 1).bytes(), "tensor b", "no multiple of 32");
    refused(one().claim("b", GgufWriter.F32, 32, 9).bytes(), "tensor b", "cut short");
    refused(one().claim("b", GgufWriter.F32, Long.MAX_VALUE - 31, 8).bytes(), "cut short");
    refused(one().claim("b", GgufWriter.F32, -32, 8).bytes(), "18446744073709551584");
    refused(one().claim("b", GgufWriter.F32, 32).bytes(), "0 dimensions");
    refused(one().claim("b", GgufWriter.F32, 32, 1, 1, 1, 1, 1).bytes(), "5 dimensions");
    refused(one().claim("b", GgufWriter.F32, 32, 0).bytes(), "impossible shape [0]");
    refused(one().claim("b", GgufWriter.F32, 32, 1L << 31).bytes(), "impossible", "2147483648");
    refused(one().claim("b", GgufWriter.F32, 32, 1 << 30, 1 << 30, 1 << 30).bytes(), "impossible");
    refused(one().claim("b", GgufWriter.F32, 32, -1).bytes(), "[18446744073709551615]");
    refused(one().claim("b", GgufWriter.Q8, 32, 33).bytes(), "33 elements", "blocks of 32");
    refused(
        one().claim("b", 12, 32, 256).bytes(),
        "FIL-0821",
        "tensor b",
        "Q4_K",
        "F32, F16, Q8_0, BF16");
    refused(one().claim("b", 99, 32, 256).bytes(), "FIL-0821", "tensor b", "number 99");
  }
}
