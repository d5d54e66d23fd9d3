package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PackedDirectoryTest {
  @TempDir private Path folder;

  private static PackedDirectory.Contents contents(Map<String, byte[]> files) {
    Tensor bias = Tensor.of("b", DType.U8, new long[] {3}, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    return new PackedDirectory.Contents(
        List.of(new DenseEntry(bias)),
        Map.of("format", "pt"),
        Receipt.empty().then(ReceiptStep.of("compress", Map.of("values", "bf16"))),
        files);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private Path written() {
    Path target = folder.resolve("model");
    PackedDirectory.write(
        target,
        contents(
            Map.of(PackedDirectory.CONFIG, bytes("{}"), "tokenizer.json", bytes("{\"a\":1}"))));
    return target;
  }

  @Test
  void everythingComesBackAndHolds() {
    PackedDirectory read = PackedDirectory.open(written());
    assertThat(read.content(PackedDirectory.CONFIG)).hasValue(bytes("{}"));
    assertThat(read.content("merges.txt")).isEmpty();
    assertThat(read.file("tokenizer.json")).isPresent();
    assertThat(read.receipt().steps()).extracting(ReceiptStep::name).containsExactly("compress");
    assertThat(read.weights().entries()).extracting(Entry::name).containsExactly("b");
    assertThat(read.weights().metadata()).containsEntry("format", "pt");
    assertThat(read.verify().broken()).isEmpty();
  }

  @Test
  void everyChangedFileIsNamed() throws IOException {
    Path target = written();
    for (String name : List.of(PackedDirectory.CONFIG, "tokenizer.json", PackedDirectory.RECEIPT)) {
      byte[] before = Files.readAllBytes(target.resolve(name));
      byte[] after = before.clone();
      after[0] ^= 1;
      Files.write(target.resolve(name), after);
      PackedDirectory read = PackedDirectory.open(target);
      assertThat(read.verify().broken()).singleElement().asString().contains("file " + name);
      Files.delete(target.resolve(name));
      assertThat(read.verify().broken()).containsExactly("file " + name + ": it is missing");
      Files.write(target.resolve(name), before);
    }
    Files.writeString(target.resolve(PackedDirectory.CONFIG), "[]");
    assertThatThrownBy(() -> PackedDirectory.open(target).content(PackedDirectory.CONFIG))
        .hasMessageContaining("FIL-0402");
  }

  @Test
  void nothingIsOverwrittenAndNothingIsLeftBehind() throws IOException {
    Path target = written();
    assertThatThrownBy(() -> PackedDirectory.write(target, contents(Map.of())))
        .hasMessageContaining("FIL-0403")
        .hasMessageContaining("a folder with files in it");
    assertThatThrownBy(
            () ->
                PackedDirectory.write(
                    folder.resolve("x"), contents(Map.of("../evil", new byte[1]))))
        .hasMessageContaining("FIL-0403");
    assertThatThrownBy(() -> PackedDirectory.checkWritable(folder.resolve("no").resolve("x")))
        .hasMessageContaining("FIL-0403");
    PackedDirectory.write(Files.createDirectory(folder.resolve("empty")), contents(Map.of()));
    try (Stream<Path> there = Files.list(folder)) {
      assertThat(there.map(p -> p.getFileName().toString()))
          .containsExactlyInAnyOrder("model", "empty");
    }
  }

  @Test
  void whatIsNoPackedDirectoryIsRefused() throws IOException {
    assertThatThrownBy(() -> PackedDirectory.open(folder)).hasMessageContaining("FIL-0431");
    assertThatThrownBy(() -> PackedDirectory.open(folder.resolve("none")))
        .hasMessageContaining("FIL-0431");
    Path hostile = Files.createDirectory(folder.resolve("hostile"));
    PackedFile.write(
        hostile.resolve(PackedDirectory.WEIGHTS),
        List.of(),
        Receipt.empty().withFiles(Map.of("../secret", "0".repeat(64))).into(Map.of()));
    assertThatThrownBy(() -> PackedDirectory.open(hostile)).hasMessageContaining("../secret");
  }
}
