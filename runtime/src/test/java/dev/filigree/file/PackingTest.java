package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Packing and back, for every type and pattern. */
final class PackingTest {
  private static final List<DType> PACKED = List.of(DType.F32, DType.F16, DType.BF16, DType.I8);

  @TempDir private Path folder;
  private Path dense;
  private Path packed;
  private Path again;

  @BeforeEach
  void paths() {
    dense = folder.resolve("dense.safetensors");
    packed = folder.resolve("packed.safetensors");
    again = folder.resolve("again.safetensors");
  }

  @AfterEach
  void nothingIsLeftBehind() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.filter(f -> f.getFileName().toString().startsWith("."))).isEmpty();
    }
  }

  /** Random bits, NaN and infinities of every payload among them; zeros by a pattern. */
  private static Tensor sparse(Random random, String name, DType type, int rows, int cols) {
    int width = type.bits() / 8;
    ByteBuffer data = ByteBuffer.allocate(rows * cols * width).order(ByteOrder.LITTLE_ENDIAN);
    random.nextBytes(data.array());
    int pattern = random.nextInt(4);
    double density = random.nextDouble();
    boolean[] rowKept = new boolean[rows];
    for (int r = 0; r < rows; r++) {
      rowKept[r] = random.nextDouble() < density;
    }
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < cols; c++) {
        boolean kept =
            switch (pattern) {
              case 0 -> random.nextDouble() < density;
              case 1 -> (r + c) % 4 < 2;
              case 2 -> rowKept[r / 4 * 4];
              default -> rowKept[r];
            };
        int i = r * cols + c;
        if (!kept) {
          RawElements.put(data, i, width, 0);
        } else if (random.nextInt(20) == 0 && type != DType.I8) {
          RawElements.put(data, i, width, RawElements.negativeZero(type));
        }
      }
    }
    return Tensor.of(name, type, new long[] {rows, cols}, data);
  }

  private static void assertSame(Path a, Path b, String what) {
    SafetensorsFile one = SafetensorsFile.open(a);
    SafetensorsFile two = SafetensorsFile.open(b);
    assertThat(two.metadata()).as(what).isEqualTo(one.metadata());
    assertThat(new ArrayList<>(two.metadata().keySet()))
        .isEqualTo(new ArrayList<>(one.metadata().keySet()));
    assertThat(two.tensors()).as(what).hasSameSizeAs(one.tensors());
    for (int i = 0; i < one.tensors().size(); i++) {
      Tensor x = one.tensors().get(i);
      Tensor y = two.tensors().get(i);
      assertThat(y.name()).as(what).isEqualTo(x.name());
      assertThat(y.dtype()).as(what).isEqualTo(x.dtype());
      assertThat(y.shape()).as(what).isEqualTo(x.shape());
      assertThat(y.data()).as(what + " " + x.name()).isEqualTo(x.data());
    }
  }

  @Test
  void packingAndBackIsTheIdentity() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int packedTensors = 0;
    for (int round = 0; round < 40; round++) {
      List<Tensor> tensors = new ArrayList<>();
      int count = random.nextInt(8);
      for (int i = 0; i < count; i++) {
        String name = "layer." + i + ".weight";
        tensors.add(
            random.nextInt(3) == 0
                ? SafetensorsWriterTest.tensor(random, name)
                : sparse(
                    random,
                    name,
                    PACKED.get(random.nextInt(4)),
                    1 + random.nextInt(70),
                    4 * (1 + random.nextInt(40))));
      }
      Map<String, String> metadata = new LinkedHashMap<>();
      metadata.put("z", "\u0000");
      metadata.put("format", "pt");
      SafetensorsWriter.write(dense, tensors, metadata);
      Packing.Result result = Packing.pack(dense, packed, true, Progress.SILENT);
      String what = "seed " + seed + " round " + round;
      packedTensors += result.packed();
      assertThat(Verifier.check(packed).verification().broken()).as(what).isEmpty();
      assertThat(result.outBytes())
          .as(what)
          .isLessThanOrEqualTo((long) (result.inBytes() * 1.01) + 4096);
      Packing.unpack(packed, again, Progress.SILENT);
      assertSame(dense, again, what);
    }
    assertThat(packedTensors).isGreaterThan(20);
  }

  @Test
  void aPackedFileIsSmaller() {
    Random random = new Random(1);
    for (DType type : PACKED) {
      Tensor t = sparse(random, "w", type, 256, 256);
      int width = type.bits() / 8;
      ByteBuffer data = t.data();
      for (int i = 0; i < 256 * 256; i++) {
        if (i % 5 != 0) {
          RawElements.put(t.chunks().get(0), i, width, 0);
        }
      }
      SafetensorsWriter.write(dense, List.of(t), Map.of());
      Packing.Result result = Packing.pack(dense, packed, false, Progress.SILENT);
      assertThat(result.packed()).isEqualTo(1);
      // A fifth of the values, and a bit and a little for every weight.
      double expected = 256 * 256 * (0.2 * width + 1.0 / 8) + 2500;
      assertThat((double) result.outBytes()).as(type + " " + data).isLessThan(expected);
    }
  }

  @Test
  void negativeZerosBecomeZerosUnlessAskedFor() {
    for (DType type : List.of(DType.F32, DType.F16, DType.BF16)) {
      int width = type.bits() / 8;
      ByteBuffer data = ByteBuffer.allocate(64 * 64 * width).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < 64 * 64; i++) {
        int bits = i % 9 == 0 ? 0x3C00 : i % 7 == 0 ? RawElements.negativeZero(type) : 0;
        RawElements.put(data, i, width, bits);
      }
      Tensor w = Tensor.of("w", type, new long[] {64, 64}, data);
      Tensor b =
          Tensor.of("b", DType.F32, new long[] {1}, ByteBuffer.wrap(new byte[] {0, 0, 0, -128}));
      SafetensorsWriter.write(dense, List.of(w, b), Map.of());
      Packing.pack(dense, packed, true, Progress.SILENT);
      Packing.unpack(packed, again, Progress.SILENT);
      assertSame(dense, again, type.name());
      Packing.pack(dense, packed, false, Progress.SILENT);
      Packing.unpack(packed, again, Progress.SILENT);
      ByteBuffer read = SafetensorsFile.open(again).tensor("w").orElseThrow().data();
      for (int i = 0; i < 64 * 64; i++) {
        int expected = i % 9 == 0 ? 0x3C00 : 0;
        assertThat(RawElements.get(read, i, width)).isEqualTo(expected);
      }
      // What is not packed keeps its bits.
      assertThat(SafetensorsFile.open(again).tensor("b").orElseThrow().data().get(3))
          .isEqualTo((byte) -128);
    }
  }

  @Test
  void theStoredMaskDecidesWhatIsKept() {
    // Half of the kept weights are zero.
    ByteBuffer data = ByteBuffer.allocate(4 * 64 * 64).order(ByteOrder.LITTLE_ENDIAN);
    byte[] bits = new byte[64 * 64 / 8];
    Arrays.fill(bits, (byte) 0b1000_1000);
    for (int i = 0; i < 64 * 64; i += 8) {
      data.putFloat(4 * i, 1 + i);
    }
    Mask mask = Mask.ofBits(ByteBuffer.wrap(bits), 64, 64);
    Tensor w = Tensor.of("w", DType.F32, new long[] {64, 64}, data);
    SafetensorsWriter.write(dense, List.of(w, StoredMasks.tensor("w", mask)), Map.of());
    Packing.pack(dense, packed, false, Progress.SILENT);
    Packing.unpack(packed, again, Progress.SILENT);
    assertSame(dense, again, "");
    PackedEntry entry = (PackedEntry) PackedFile.open(packed).entry("w").orElseThrow();
    assertThat(entry.descriptor().maskSha256()).isEqualTo(mask.sha256());
    assertThat(entry.descriptor().pattern()).isEqualTo("channel");
    Inspection.Row row = Inspection.of(packed, Progress.SILENT).tensors().get(0);
    assertThat(row.sparsity()).isEqualTo(0.875);
    assertThat(row.maskSparsity()).hasValue(0.75);
    assertThat(Inspection.of(dense, Progress.SILENT).tensors()).hasSize(1);
    Inspection.Row before = Inspection.of(dense, Progress.SILENT).tensors().get(0);
    assertThat(before.pattern()).isEqualTo("channel");
    assertThat(before.maskSparsity()).hasValue(0.75);
    Packing.strip(packed, again, Progress.SILENT);
    assertThat(SafetensorsFile.open(again).tensors()).extracting(Tensor::name).containsExactly("w");
    assertThat(SafetensorsFile.open(again).metadata()).isEmpty();

    data.putFloat(4, 5);
    SafetensorsWriter.write(dense, List.of(w, StoredMasks.tensor("w", mask)), Map.of());
    assertThatThrownBy(() -> Packing.pack(dense, packed, false, Progress.SILENT))
        .hasMessageContaining("FIL-0433")
        .hasMessageContaining("1 of the removed weights of w are not zero");
    Tensor wrong = Tensor.of("filigree.mask.w", DType.U8, new long[] {3}, ByteBuffer.allocate(3));
    SafetensorsWriter.write(dense, List.of(w, wrong), Map.of());
    assertThatThrownBy(() -> Packing.pack(dense, packed, false, Progress.SILENT))
        .hasMessageContaining("FIL-0432");
  }

  @Test
  void outputOntoTheInputIsRefused() throws IOException {
    SafetensorsWriter.write(dense, List.of(), Map.of());
    byte[] before = Files.readAllBytes(dense);
    Path link = Files.createSymbolicLink(folder.resolve("link"), dense);
    for (Path out : List.of(dense, link, folder.resolve(".").resolve("dense.safetensors"))) {
      assertThatThrownBy(() -> Packing.pack(dense, out, false, Progress.SILENT))
          .hasMessageContaining("FIL-0434");
      assertThatThrownBy(() -> Packing.strip(dense, out, Progress.SILENT))
          .hasMessageContaining("FIL-0434");
    }
    Packing.pack(dense, packed, false, Progress.SILENT);
    assertThatThrownBy(() -> Packing.unpack(packed, packed, Progress.SILENT))
        .hasMessageContaining("FIL-0434");
    assertThatThrownBy(() -> Packing.pack(packed, again, false, Progress.SILENT))
        .hasMessageContaining("FIL-0435");
    assertThatThrownBy(() -> Packing.unpack(dense, again, Progress.SILENT))
        .hasMessageContaining("FIL-0414");
    assertThat(dense).hasBinaryContent(before);
  }

  @Test
  void severalFilesBecomeOne() throws IOException {
    Random random = new Random(2);
    Tensor a = sparse(random, "a", DType.F32, 64, 64);
    Tensor b = sparse(random, "b", DType.I8, 64, 64);
    SafetensorsWriter.write(folder.resolve("m-1.safetensors"), List.of(a), Map.of("format", "pt"));
    SafetensorsWriter.write(folder.resolve("m-2.safetensors"), List.of(b), Map.of("format", "pt"));
    Path index = folder.resolve(ModelFiles.INDEX);
    Files.writeString(
        index, "{\"weight_map\":{\"a\":\"m-1.safetensors\",\"b\":\"m-2.safetensors\"}}");
    Packing.pack(index, packed, true, Progress.SILENT);
    Packing.unpack(packed, again, Progress.SILENT);
    SafetensorsWriter.write(dense, List.of(a, b), Map.of("format", "pt"));
    assertSame(dense, again, "");
    Path plain = Files.createDirectory(folder.resolve("plain"));
    Packing.strip(folder, plain, Progress.SILENT);
    assertThat(ModelFiles.open(plain).tensors()).extracting(Tensor::name).containsExactly("a", "b");
    SafetensorsWriter.write(folder.resolve("m-2.safetensors"), List.of(b), Map.of("format", "tf"));
    assertThatThrownBy(() -> Packing.pack(index, packed, true, Progress.SILENT))
        .hasMessageContaining("FIL-0436")
        .hasMessageContaining("format");
  }

  @Test
  void everyFlippedBitIsNoticedByVerify() throws IOException {
    ByteBuffer data = ByteBuffer.allocate(2 * 32 * 48).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 32 * 48; i += 8) {
      data.putShort(2 * i, (short) (0x3C00 + i));
    }
    Tensor w = Tensor.of("w", DType.F16, new long[] {32, 48}, data);
    Mask mask = StoredMasks.nonZeros(w, false);
    Receipt receipt =
        Receipt.empty()
            .then(ReceiptStep.of("prune", Map.of()).choosing(Map.of("w", mask.sha256())));
    SafetensorsWriter.write(dense, List.of(w), receipt.into(Map.of()));
    assertThat(Verifier.check(dense).verification().ok()).isTrue();
    assertThat(Packing.pack(dense, packed, false, Progress.SILENT).packed()).isEqualTo(1);
    byte[] bytes = Files.readAllBytes(packed);
    assertThat(Verifier.check(packed).verification().ok()).isTrue();
    int named = 0;
    try (FileChannel channel = FileChannel.open(packed, StandardOpenOption.WRITE)) {
      for (int bit = 0; bit < bytes.length * 8; bit++) {
        byte damaged = (byte) (bytes[bit / 8] ^ 1 << (bit % 8));
        channel.write(ByteBuffer.wrap(new byte[] {damaged}), bit / 8);
        try {
          List<String> broken = Verifier.check(packed).verification().broken();
          assertThat(broken).as("bit %s", bit).isNotEmpty();
          named += broken.get(0).startsWith("tensor ") ? 1 : 0;
        } catch (FiligreeException e) {
          // Refused: as good as noticed.
          assertThat(e).as("bit %s", bit).hasMessageStartingWith("FIL-04");
        }
        channel.write(ByteBuffer.wrap(new byte[] {bytes[bit / 8]}), bit / 8);
      }
    }
    assertThat(named).isGreaterThan(8 * (bytes.length - 2500));
  }

  @Test
  void aChangedZeroOfADensePrunedFileIsNamed() {
    ByteBuffer data = ByteBuffer.allocate(4 * 16).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, 1);
    Tensor w = Tensor.of("w", DType.F32, new long[] {4, 4}, data);
    Receipt receipt =
        Receipt.empty()
            .then(
                ReceiptStep.of("prune", Map.of("method", "wanda"))
                    .choosing(Map.of("w", StoredMasks.nonZeros(w, false).sha256())));
    data.putFloat(20, 0.5f);
    SafetensorsWriter.write(dense, List.of(w), receipt.into(Map.of()));
    Verifier.Checked checked = Verifier.check(dense);
    assertThat(checked.whole()).isFalse();
    assertThat(checked.verification().broken())
        .singleElement()
        .asString()
        .contains("tensor w: its zeros are not those that step prune (wanda) left");
    SafetensorsWriter.write(dense, List.of(w), Map.of());
    assertThatThrownBy(() -> Verifier.check(dense)).hasMessageContaining("FIL-0437");
  }
}
