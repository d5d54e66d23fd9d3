package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  @TempDir Path folder;

  static Tensor tensor(Random random, String name) {
    List<DType> types = List.of(DType.values());
    DType dtype = types.get(random.nextInt(types.size()));
    long[] shape = new long[random.nextInt(4)];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = random.nextInt(9);
    }
    if (dtype.bits() < 8) {
      shape = new long[] {random.nextInt(5), 8};
    }
    byte[] data = new byte[(int) dtype.bytes(shape)];
    random.nextBytes(data);
    return Tensor.of(name, dtype, shape, ByteBuffer.wrap(data));
  }

  @Test
  void everyTypeAndShapeComesBack() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 100; round++) {
      List<Tensor> tensors = new ArrayList<>();
      for (int i = 0; i < random.nextInt(20); i++) {
        tensors.add(tensor(random, "layer \"" + i + "\" \u00e9\u2028\uD83D\uDE00\u0001"));
      }
      Map<String, String> metadata =
          random.nextBoolean() ? Map.of() : Map.of("filigree.digest\":\"", "\"\\\n\t\u0000");
      Path path = folder.resolve("t.safetensors");
      SafetensorsWriter.write(path, tensors, metadata);
      SafetensorsFile file = SafetensorsFile.open(path);
      String what = "seed " + seed + " round " + round;
      assertThat(file.metadata()).as(what).isEqualTo(metadata);
      assertThat(file.tensors()).as(what).hasSameSizeAs(tensors);
      for (int i = 0; i < tensors.size(); i++) {
        Tensor read = file.tensors().get(i);
        assertThat(read.name()).isEqualTo(tensors.get(i).name());
        assertThat(read.dtype()).isEqualTo(tensors.get(i).dtype());
        assertThat(read.shape()).isEqualTo(tensors.get(i).shape());
        assertThat(read.data()).as(what).isEqualTo(tensors.get(i).data());
      }
      assertThat((file.header().length + 8) % 64).isZero();
    }
  }

  @Test
  void bytesAreThoseOfTheFormat() throws IOException {
    ByteBuffer data = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    data.putFloat(0, 1.5f).putFloat(4, -2f);
    Path path = folder.resolve("w.safetensors");
    SafetensorsWriter.write(
        path, List.of(Tensor.of("w", DType.F32, new long[] {1, 2}, data)), Map.of("a", "b"));
    byte[] bytes = Files.readAllBytes(path);
    String json =
        "{\"__metadata__\":{\"a\":\"b\"},\"w\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}";
    assertThat(bytes).hasSize(128 + 8);
    assertThat(bytes[0]).isEqualTo((byte) 120);
    assertThat(new String(bytes, 8, 120, java.nio.charset.StandardCharsets.UTF_8))
        .isEqualTo(json + " ".repeat(120 - json.length()));
  }

  @Test
  void forbiddenTensorsAreRefused() {
    Path path = folder.resolve("w.safetensors");
    Tensor ok = Tensor.of("w", DType.U8, new long[] {4}, ByteBuffer.allocate(4));
    List<List<Tensor>> bad =
        List.of(
            List.of(ok, ok),
            List.of(Tensor.of("__metadata__", DType.U8, new long[] {4}, ByteBuffer.allocate(4))),
            List.of(Tensor.of("\uD800", DType.U8, new long[] {4}, ByteBuffer.allocate(4))),
            List.of(Tensor.of("w", DType.U8, new long[] {-2, -2}, ByteBuffer.allocate(4))),
            List.of(Tensor.of("w", DType.U8, new long[] {5}, ByteBuffer.allocate(4))));
    for (List<Tensor> tensors : bad) {
      assertThatThrownBy(() -> SafetensorsWriter.write(path, tensors, Map.of()))
          .hasMessageContaining("FIL-0405");
    }
    assertThatThrownBy(() -> SafetensorsWriter.write(path, List.of(ok), Map.of("k", "\uD800")))
        .hasMessageContaining("FIL-0403");
    assertThat(path).doesNotExist();
  }

  @Test
  void aFileMayBeReplacedByViewsOfItself() {
    Path path = folder.resolve("w.safetensors");
    SafetensorsWriter.write(
        path,
        List.of(Tensor.of("w", DType.U8, new long[] {4}, ByteBuffer.wrap(new byte[] {1, 2, 3, 4}))),
        Map.of());
    SafetensorsFile file = SafetensorsFile.open(path);
    SafetensorsWriter.write(path, file.tensors(), Map.of("new", "yes"));
    assertThat(file.tensors().get(0).data().get(3)).isEqualTo((byte) 4);
    assertThat(SafetensorsFile.open(path).tensors().get(0).data().get(3)).isEqualTo((byte) 4);
  }
}
