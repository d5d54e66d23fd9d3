package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.mask.Mask;
import dev.filigree.pack.Part;
import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackedFileTest {
  @TempDir Path folder;

  private static Part part(Random random, String suffix, String dtype, int count, int width) {
    ByteBuffer data = ByteBuffer.allocateDirect(count * width).order(ByteOrder.nativeOrder());
    for (int i = 0; i < data.capacity(); i++) {
      data.put(i, (byte) random.nextInt(256));
    }
    return new Part(suffix, dtype, new long[] {count}, data);
  }

  private static PackedEntry packed(Random random, String name, int rows, int cols) {
    Mask mask = Mask.all(rows, cols);
    Descriptor descriptor =
        new Descriptor(
            "bitmap",
            rows,
            cols,
            DType.F32,
            "unstructured",
            0.7,
            mask.sha256(),
            Map.of("note", "\"quoted\" é"));
    List<Part> parts =
        List.of(
            part(random, "values", "F32", rows * cols / 3, 4),
            part(random, "bitmap", "U8", (rows * cols + 7) / 8, 1),
            part(random, "offsets", "I32", rows + 1, 4));
    return new PackedEntry(name, descriptor, parts);
  }

  private static long fileOffset(SafetensorsFile file, String name) {
    long at = 8L + file.header().length;
    for (Tensor t : file.inFileOrder()) {
      if (t.name().equals(name)) {
        return at;
      }
      at += t.bytes();
    }
    throw new AssertionError(name + " is not there");
  }

  private static void assertEqual(Entry read, Entry written) {
    assertThat(read.name()).isEqualTo(written.name());
    assertThat(read.dtype()).isEqualTo(written.dtype());
    assertThat(read.shape()).isEqualTo(written.shape());
    assertThat(read.bytes()).isEqualTo(written.bytes());
    if (written instanceof DenseEntry dense) {
      assertThat(((DenseEntry) read).tensor().data()).isEqualTo(dense.tensor().data());
    } else if (written instanceof PackedEntry packed) {
      PackedEntry other = (PackedEntry) read;
      assertThat(other.descriptor()).isEqualTo(packed.descriptor());
      assertThat(other.parts()).hasSameSizeAs(packed.parts());
      for (int i = 0; i < packed.parts().size(); i++) {
        Part a = other.parts().get(i);
        Part b = packed.parts().get(i);
        assertThat(a.suffix()).isEqualTo(b.suffix());
        assertThat(a.dtype()).isEqualTo(b.dtype());
        assertThat(a.shape()).isEqualTo(b.shape());
        assertThat(a.data()).isEqualTo(b.data());
        assertThat(a.data().order()).isEqualTo(ByteOrder.nativeOrder());
        assertThat(a.data().position()).isZero();
      }
    }
  }

  @Test
  void everythingComesBackInOrderAndAligned() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Path path = folder.resolve("p.safetensors");
    for (int round = 0; round < 100; round++) {
      List<Entry> entries = new ArrayList<>();
      for (int i = 0; i < random.nextInt(12); i++) {
        String name = "layer." + i;
        entries.add(
            random.nextBoolean()
                ? packed(random, name, 1 + random.nextInt(20), 1 + random.nextInt(20))
                : new DenseEntry(SafetensorsWriterTest.tensor(random, name)));
      }
      Map<String, String> metadata = Map.of("format", "pt", "filigree.receipt", "{}");
      PackedFile.write(path, entries, metadata);
      PackedFile file = PackedFile.open(path);
      assertThat(file.metadata()).as("seed %s", seed).isEqualTo(metadata);
      assertThat(file.entries()).as("seed %s", seed).hasSameSizeAs(entries);
      for (int i = 0; i < entries.size(); i++) {
        assertEqual(file.entries().get(i), entries.get(i));
      }
      assertThat(file.verify().broken()).as("seed %s", seed).isEmpty();
      assertAligned(SafetensorsFile.open(path), entries, "seed " + seed);
    }
  }

  private static void assertAligned(SafetensorsFile file, List<Entry> entries, String what) {
    for (Entry entry : entries) {
      if (entry instanceof PackedEntry packed) {
        for (Part p : packed.parts()) {
          assertThat(fileOffset(file, packed.name() + "." + p.suffix()) % 64).as(what).isZero();
        }
      } else if (entry instanceof DenseEntry dense) {
        int width = Math.max(1, dense.dtype().bits() / 8);
        assertThat(fileOffset(file, dense.name()) % width).as(what).isZero();
      }
    }
  }

  @Test
  void everyFlippedBitIsNoticed() throws IOException {
    Random random = new Random(1);
    Path path = folder.resolve("p.safetensors");
    Tensor bias = Tensor.of("b", DType.U8, new long[] {3}, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    PackedFile.write(
        path, List.of(packed(random, "w", 3, 5), new DenseEntry(bias)), Map.of("k", "v"));
    byte[] bytes = Files.readAllBytes(path);
    assertThat(PackedFile.open(path).verify().ok()).isTrue();
    int refused = 0;
    // In place, because thousands of truncated and rewritten files would take minutes.
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      for (int bit = 0; bit < bytes.length * 8; bit++) {
        byte damaged = (byte) (bytes[bit / 8] ^ 1 << (bit % 8));
        channel.write(ByteBuffer.wrap(new byte[] {damaged}), bit / 8);
        boolean noticed;
        try {
          noticed = !PackedFile.open(path).verify().ok();
        } catch (FiligreeException e) {
          noticed = true;
          refused++;
        }
        assertThat(noticed).as("bit %s", bit).isTrue();
        channel.write(ByteBuffer.wrap(bytes, bit / 8, 1), bit / 8);
      }
    }
    assertThat(PackedFile.open(path).verify().ok()).isTrue();
    assertThat(refused).isBetween(1000, bytes.length * 8 - 1000);
  }

  @Test
  void everyTruncationIsNoticed() throws IOException {
    Path path = folder.resolve("p.safetensors");
    PackedFile.write(path, List.of(packed(new Random(1), "w", 3, 5)), Map.of());
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      for (long length = Files.size(path) - 1; length >= 0; length--) {
        channel.truncate(length);
        assertThatThrownBy(() -> PackedFile.open(path)).isInstanceOf(FiligreeException.class);
      }
    }
  }

  @Test
  void verifyNamesWhatBroke() throws IOException {
    Random random = new Random(2);
    Path path = folder.resolve("p.safetensors");
    PackedFile.write(
        path,
        List.of(packed(random, "fc1", 64, 64), packed(random, "fc2", 64, 65)),
        Map.of("k", "v"));
    SafetensorsFile file = SafetensorsFile.open(path);
    byte[] bytes = Files.readAllBytes(path);
    byte[] values = bytes.clone();
    values[(int) fileOffset(file, "fc2.values") + 5]++;
    Path damaged = Files.write(folder.resolve("d"), values);
    PackedFile broken = PackedFile.open(damaged);
    assertThat(broken.verify().broken())
        .containsExactly("tensor fc2.values: its bytes were changed");
    assertThatThrownBy(broken::requireIntact)
        .hasMessageContaining("FIL-0402")
        .hasMessageContaining("fc2.values");
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    byte[] header = bytes.clone();
    header[text.indexOf("\"k\":\"v\"") + 5] = 'w';
    assertThat(PackedFile.open(Files.write(damaged, header)).verify().broken())
        .containsExactly("header: the list of tensors, a descriptor or the metadata were changed");
    byte[] digest = bytes.clone();
    int at = FileDigest.position(file.header()) + 8;
    while (digest[at] < 'a') {
      at++;
    }
    digest[at] = (byte) (digest[at] - 32); // the same digit in upper case
    assertThat(PackedFile.open(Files.write(damaged, digest)).verify().ok()).isFalse();
    byte[] padding = bytes.clone();
    padding[(int) fileOffset(file, "filigree.padding.0")] = 1;
    assertThat(PackedFile.open(Files.write(damaged, padding)).verify().broken())
        .anyMatch(b -> b.contains("padding is not zero"));
  }

  @Test
  void verifyComparesMasks() {
    Path path = folder.resolve("p.safetensors");
    PackedFile.write(path, List.of(packed(new Random(2), "fc1", 4, 4)), Map.of());
    PackedFile file = PackedFile.open(path);
    assertThat(file.verify(e -> Mask.all(4, 4)).ok()).isTrue();
    Mask other = Mask.ofNonZeros(FloatBuffer.allocate(16), 4, 4);
    assertThat(file.verify(e -> other).broken())
        .containsExactly(
            "tensor fc1: its zeros are not those of its mask; a step after pruning changed them");
  }

  @Test
  void namesThatCollideStayApart() {
    Random random = new Random(3);
    Path path = folder.resolve("p.safetensors");
    List<Entry> entries = new ArrayList<>();
    entries.add(packed(random, "w", 4, 4));
    for (String name : List.of("w.values", "w~1.bitmap", "filigree.padding.0")) {
      entries.add(
          new DenseEntry(Tensor.of(name, DType.U8, new long[] {3}, ByteBuffer.allocate(3))));
    }
    entries.add(packed(random, "w~2", 5, 5));
    PackedFile.write(path, entries, Map.of());
    PackedFile file = PackedFile.open(path);
    assertThat(file.entries()).hasSameSizeAs(entries);
    for (int i = 0; i < entries.size(); i++) {
      assertEqual(file.entries().get(i), entries.get(i));
    }
  }

  @Test
  void illegalEntriesAreRefused() {
    Path path = folder.resolve("p.safetensors");
    PackedEntry w = packed(new Random(4), "w", 4, 4);
    assertThatThrownBy(() -> PackedFile.write(path, List.of(w, w), Map.of()))
        .hasMessageContaining("FIL-0405: Tensor w occurs twice");
    PackedEntry none = new PackedEntry("w", w.descriptor(), List.of());
    assertThatThrownBy(() -> PackedFile.write(path, List.of(none), Map.of()))
        .hasMessageContaining("has no parts");
    assertThatThrownBy(() -> PackedFile.write(path, List.of(w), Map.of("filigree.digest", "x")))
        .hasMessageContaining("FIL-0413");
    assertThatThrownBy(() -> PackedFile.write(folder, List.of(w), Map.of()))
        .hasMessageContaining("FIL-0403")
        .hasMessageContaining("it is a folder");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void foreignAndLaterFilesAreNamed() throws IOException {
    Path path = folder.resolve("f.safetensors");
    SafetensorsWriter.write(path, List.of(), Map.of("format", "pt"));
    assertThatThrownBy(() -> PackedFile.open(path)).hasMessageContaining("FIL-0414");
    SafetensorsWriter.write(
        path, List.of(), Map.of("filigree.format", "packed", "filigree.version", "2"));
    assertThatThrownBy(() -> PackedFile.open(path))
        .hasMessageContaining("FIL-0407")
        .hasMessageContaining("version 2 is not known");
    Files.writeString(path, "PK\3\4 something else entirely");
    assertThatThrownBy(() -> PackedFile.open(path)).hasMessageContaining("FIL-0401");
  }

  @Test
  void brokenDescriptorsAreRefused() {
    Path path = folder.resolve("f.safetensors");
    String digest = "0".repeat(64);
    String good =
        "{\"format\":\"bitmap\",\"version\":1,\"rows\":1,\"cols\":1,\"dtype\":\"F32\",\"pattern\":\"unstructured\","
            + "\"sparsity\":0.5,\"mask_sha256\":\""
            + digest
            + "\",\"prefix\":\"w\",\"order\":[\"values\"],\"attributes\":{}}";
    writeDescriptor(path, good);
    assertThat(PackedFile.open(path).entries()).hasSize(1);
    Set<String> reasons = new HashSet<>();
    for (String[] change :
        new String[][] {
          {"\"rows\":1", "\"rows\":-1"},
          {"\"rows\":1", "\"rows\":2147483648"},
          {"\"rows\":1,", ""},
          {"\"sparsity\":0.5", "\"sparsity\":1.5"},
          {"\"sparsity\":0.5", "\"sparsity\":NaN"},
          {"\"sparsity\":0.5,", ""},
          {"F32", "F99"},
          {digest, digest.substring(1)},
          {digest, "A".repeat(64)},
          {"[\"values\"]", "[]"},
          {"[\"values\"]", "[\"values\",\"values\"]"},
          {"[\"values\"]", "[\"bitmap\"]"},
          {"\"prefix\":\"w\"", "\"prefix\":\"x\""},
          {"\"attributes\":{}", "\"attributes\":{\"a\":1}"},
          {"\"attributes\":{}", "\"more\":{}"},
          {"\"format\":\"bitmap\"", "\"format\":\"bitmap\",\"format\":\"csr\""},
          {"{\"format\"", "[{\"format\""},
        }) {
      String bad = good.replace(change[0], change[1]);
      assertThat(bad).isNotEqualTo(good);
      writeDescriptor(path, bad);
      assertThatThrownBy(() -> PackedFile.open(path))
          .as(bad)
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0415")
          .satisfies(e -> reasons.add(e.getMessage()));
    }
    assertThat(reasons).hasSizeGreaterThan(12);
  }

  private static void writeDescriptor(Path path, String descriptor) {
    SafetensorsWriter.write(
        path,
        List.of(Tensor.of("w.values", DType.F32, new long[] {1}, ByteBuffer.allocate(4))),
        Map.of(
            "filigree.format", "packed", "filigree.version", "1", "filigree.tensor.w", descriptor));
  }

  @Test
  void denseFilesHardlyGrow() throws IOException {
    Random random = new Random(5);
    for (int count : new int[] {1, 300, 3000}) {
      List<Tensor> tensors = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        byte[] data = new byte[i % 7 == 0 ? 2048 : 4];
        random.nextBytes(data);
        tensors.add(
            Tensor.of("t" + i, DType.F32, new long[] {data.length / 4}, ByteBuffer.wrap(data)));
      }
      Path plain = folder.resolve("plain");
      Path packed = folder.resolve("packed");
      SafetensorsWriter.write(plain, tensors, Map.of());
      PackedFile.write(packed, tensors.stream().map(DenseEntry::new).toList(), Map.of());
      assertThat(Files.size(packed)).isLessThanOrEqualTo((long) (Files.size(plain) * 1.01) + 4096);
    }
  }
}
