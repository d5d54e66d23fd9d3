package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelFilesTest {
  @TempDir private Path folder;

  @BeforeEach
  void twoShards() throws IOException {
    SafetensorsWriter.write(folder.resolve("m-1.safetensors"), List.of(tensor("a", 1)), Map.of());
    SafetensorsWriter.write(
        folder.resolve("m-2.safetensors"), List.of(tensor("b", 2)), Map.of("k", "v"));
    index(
        "{\"metadata\":{\"total_size\":8},\"weight_map\":{\"a\":\"m-1.safetensors\",\"b\":\"m-2.safetensors\"}}");
  }

  @Test
  void aFolderIsItsIndexOrItsFile() throws IOException {
    ModelFiles model = ModelFiles.open(folder);
    assertThat(model.isSharded()).isTrue();
    assertThat(model.tensors()).extracting(Tensor::name).containsExactly("a", "b");
    assertThat(model.tensor("b").orElseThrow().data().get(0)).isEqualTo((byte) 2);
    assertThat(model.bytes())
        .isEqualTo(
            Files.size(folder.resolve("m-1.safetensors"))
                + Files.size(folder.resolve("m-2.safetensors")));
    Path single = Files.createDirectory(folder.resolve("single"));
    SafetensorsWriter.write(single.resolve("model.safetensors"), List.of(tensor("c", 3)), Map.of());
    assertThat(ModelFiles.open(single).isSharded()).isFalse();
    assertThat(ModelFiles.open(single).tensor("c")).isPresent();
    assertThat(ModelFiles.open(folder.resolve("m-1.safetensors")).tensors()).hasSize(1);
  }

  @Test
  void writingKeepsTheArrangement() throws IOException {
    ModelFiles model = ModelFiles.open(folder.resolve(ModelFiles.INDEX));
    Path out = Files.createDirectory(folder.resolve("out"));
    model.write(
        out,
        List.of(
            new ModelFiles.Contents(List.of(tensor("a", 5), tensor("a.mask", 6)), Map.of()),
            new ModelFiles.Contents(model.files().get(1).tensors(), Map.of("k", "w"))));
    ModelFiles again = ModelFiles.open(out);
    assertThat(again.tensors()).extracting(Tensor::name).containsExactly("a", "a.mask", "b");
    assertThat(again.tensor("a").orElseThrow().data().get(0)).isEqualTo((byte) 5);
    assertThat(again.files().get(1).metadata()).containsEntry("k", "w");
    assertThatThrownBy(
            () ->
                model.write(
                    folder.resolve("m-1.safetensors"),
                    List.of(
                        new ModelFiles.Contents(List.of(), Map.of()),
                        new ModelFiles.Contents(List.of(), Map.of()))))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0403");
  }

  @Test
  void anIndexThatDoesNotFitIsRefused() throws IOException {
    refused("{", "FIL-0429");
    refused("{\"weight_map\":{}}", "missing or empty");
    refused("{\"weight_map\":{\"a\":\"../m-1.safetensors\"}}", "no name of a");
    refused("{\"weight_map\":{\"a\":\"m-1.bin\"}}", "no name of a");
    refused("{\"weight_map\":{\"a\":7}}", "expected a text");
    refused("{\"weight_map\":{\"a\":\"m-3.safetensors\"}}", "FIL-0404");
    refused(
        "{\"weight_map\":{\"a\":\"m-1.safetensors\",\"z\":\"m-1.safetensors\"}}",
        "tensor z is not in m-1");
    refused("{\"weight_map\":{\"a\":\"m-2.safetensors\"}}", "tensor b is in m-2");
  }

  private void refused(String json, String text) throws IOException {
    index(json);
    assertThatThrownBy(() -> ModelFiles.open(folder))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining(text);
  }

  private void index(String json) throws IOException {
    Files.writeString(folder.resolve(ModelFiles.INDEX), json);
  }

  private static Tensor tensor(String name, int value) {
    return Tensor.of(
        name, DType.U8, new long[] {4}, ByteBuffer.wrap(new byte[] {(byte) value, 0, 0, 0}));
  }
}
