package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Offsets beyond 32 bits, in a file of holes that takes next to no disk. */
class LargeFileTest {
  private static final long BIG = 5L << 30;

  @TempDir Path folder;

  @Test
  void tensorsBeyondTwoGibibytesAreChunks() throws IOException {
    String json =
        "{\"big\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[4,%d]},"
                .formatted(BIG, BIG + 4)
            + "\"first\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]},"
            + "\"last\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[%d,%d]}}"
                .formatted(BIG + 4, BIG + 8);
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    long data = 8L + header.length;
    Path path = folder.resolve("big.safetensors");
    try (FileChannel out =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE)) {
      out.write(SafetensorsWriter.length(header));
      out.write(ByteBuffer.wrap(header));
      out.write(number(7), data);
      out.write(number(8), data + 4 + (3L << 30));
      out.write(number(9), data + 4 + BIG);
    }
    SafetensorsFile file = SafetensorsFile.open(path);
    assertThat(file.tensor("first").orElseThrow().data().getInt(0)).isEqualTo(7);
    assertThat(file.tensor("last").orElseThrow().data().getInt(0)).isEqualTo(9);
    Tensor big = file.tensor("big").orElseThrow();
    assertThat(big.bytes()).isEqualTo(BIG);
    assertThat(big.chunks()).hasSize(5);
    assertThat(big.chunks().get(3).getInt(0)).isEqualTo(8);
    assertThatThrownBy(big::data).hasMessageContaining("FIL-0405: Tensor big has " + BIG);
  }

  private static ByteBuffer number(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, value);
  }
}
