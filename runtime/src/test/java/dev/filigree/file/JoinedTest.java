package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.mask.Mask;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tensors that are stored as one matrix are tensors of their own to everybody who asks. */
final class JoinedTest {
  private static final int COLS = 37;
  private static final Map<String, Integer> ROWS = rows("q", 33, "k", 5, "v", 7);

  @TempDir private Path folder;

  private static Map<String, Integer> rows(Object... namesAndRows) {
    Map<String, Integer> rows = new LinkedHashMap<>();
    for (int i = 0; i < namesAndRows.length; i += 2) {
      rows.put((String) namesAndRows[i], (Integer) namesAndRows[i + 1]);
    }
    return rows;
  }

  private static PackedEntry entry(PackedMatrix m, Mask mask, Map<String, String> attributes) {
    return new PackedEntry(
        "qkv",
        new Descriptor(
            m.format(),
            m.rows(),
            m.cols(),
            DType.F32,
            "unstructured",
            mask.sparsity(),
            mask.sha256(),
            attributes),
        m.parts());
  }

  private static ByteBuffer weights(Random random, int rows) {
    ByteBuffer dense = AlignedMemory.allocate(4 * rows * COLS);
    for (int i = 0; i < rows * COLS; i++) {
      dense.putFloat(4 * i, random.nextBoolean() ? (float) random.nextGaussian() : 0f);
    }
    return dense;
  }

  @ParameterizedTest
  @ValueSource(strings = {"bitmap", "dense", "columns", "csr"})
  void everyTensorComesBack(String format) {
    long seed = System.nanoTime();
    ByteBuffer dense = weights(new Random(seed), 45);
    Path path = folder.resolve("p.safetensors");
    Mask mask = Mask.ofNonZeros(dense.asFloatBuffer(), 45, COLS);
    Map<String, String> digests = new TreeMap<>();
    int at = 0;
    for (Map.Entry<String, Integer> e : ROWS.entrySet()) {
      digests.put(e.getKey(), mask.rows(at, e.getValue()).sha256());
      at += e.getValue();
    }
    Receipt receipt =
        Receipt.empty().then(ReceiptStep.of("prune", Map.of("method", "x")).choosing(digests));
    try (PackedMatrix m = PackedMatrices.of(format, ValueType.F32, dense, 45, COLS)) {
      PackedEntry e = entry(m, mask, Joined.attributes(ROWS));
      PackedFile.write(path, List.of(e), receipt.into(Map.of()));
    }
    assertThat(PackedFile.open(path).verifyAll().broken()).as("seed %s", seed).isEmpty();

    Inspection inspected = Inspection.of(path, Progress.SILENT);
    assertThat(inspected.tensors()).extracting(Inspection.Row::name).containsExactly("q", "k", "v");
    long stored = PackedFile.open(path).entries().get(0).bytes();
    assertThat(inspected.tensors().stream().mapToLong(Inspection.Row::bytes).sum())
        .isEqualTo(stored);

    Path out = folder.resolve("o.safetensors");
    Packing.unpack(path, out, Progress.SILENT);
    ModelFiles read = ModelFiles.open(out);
    at = 0;
    for (Map.Entry<String, Integer> e : ROWS.entrySet()) {
      Tensor t = read.tensor(e.getKey()).orElseThrow();
      int bytes = 4 * COLS * e.getValue();
      assertThat(t.shape()).containsExactly(e.getValue(), COLS);
      assertThat(t.data())
          .as("seed %s, %s", seed, e.getKey())
          .isEqualTo(dense.slice(at, bytes).order(ByteOrder.LITTLE_ENDIAN));
      at += bytes;
      assertThat(inspected.tensors().get(indexOf(e.getKey())).sparsity())
          .isCloseTo(Zeros.count(t) / (double) Zeros.elements(t), within(1e-12));
    }
    assertThat(Verifier.check(out).verification().broken()).isEmpty();
  }

  private static int indexOf(String name) {
    return Arrays.asList("q", "k", "v").indexOf(name);
  }

  @Test
  void aMaskThatAStepDidNotLeaveIsNamed() {
    ByteBuffer dense = weights(new Random(4), 45);
    Mask mask = Mask.ofNonZeros(dense.asFloatBuffer(), 45, COLS);
    Path path = folder.resolve("p.safetensors");
    Receipt receipt =
        Receipt.empty()
            .then(
                ReceiptStep.of("prune", Map.of()).choosing(Map.of("k", mask.rows(34, 5).sha256())));
    try (PackedMatrix m = PackedMatrices.of("bitmap", ValueType.F32, dense, 45, COLS)) {
      PackedFile.write(
          path, List.of(entry(m, mask, Joined.attributes(ROWS))), receipt.into(Map.of()));
    }
    assertThat(PackedFile.open(path).verifyAll().broken())
        .singleElement()
        .asString()
        .contains("tensor k: its zeros are not those that step prune left");
  }

  @Test
  void whatDoesNotFillTheMatrixIsRefused() {
    refused("44 of 45", rows("q", 33, "k", 5, "v", 6));
    refused("more rows than 45", rows("q", 33, "k", 5, "v", 8));
    refused("more rows than 45", rows("q", 999_999_999, "k", 999_999_999, "v", 999_999_999));
    refused("rows", rows("q", 0, "k", 45));
    refused("rows", rows("q", -1, "k", 46));
    refused("is there twice", rows("b", 45));
  }

  private void refused(String reason, Map<String, Integer> rows) {
    Path path = folder.resolve("h.safetensors");
    ByteBuffer dense = weights(new Random(5), 45);
    Mask mask = Mask.ofNonZeros(dense.asFloatBuffer(), 45, COLS);
    Tensor b = Tensor.of("b", DType.U8, new long[] {1}, ByteBuffer.wrap(new byte[1]));
    try (PackedMatrix m = PackedMatrices.of("bitmap", ValueType.F32, dense, 45, COLS)) {
      PackedFile.write(
          path, List.of(entry(m, mask, Joined.attributes(rows)), new DenseEntry(b)), Map.of());
    }
    assertThatThrownBy(() -> PackedFile.open(path))
        .hasMessageContaining("FIL-0415")
        .hasMessageContaining(reason);
  }
}
