package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SpoolTest {
  @TempDir private Path folder;

  @Test
  void givesBackWhatItTookAndLeavesNothing() {
    try (Spool spool = Spool.beside(folder.resolve("out.safetensors"))) {
      Tensor a = add(spool, "a", 1, 2, 3);
      Tensor none = add(spool, "none");
      Tensor b = add(spool, "b", 4);
      assertThat(a.data()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      assertThat(b.data().get(0)).isEqualTo((byte) 4);
      assertThat(none.bytes()).isZero();
      assertThat(folder).isNotEmptyDirectory();
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aFolderThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> Spool.beside(folder.resolve("no").resolve("out")))
        .hasMessageContaining("FIL-0403");
  }

  private static Tensor add(Spool spool, String name, int... values) {
    ByteBuffer data = ByteBuffer.allocate(values.length);
    for (int v : values) {
      data.put((byte) v);
    }
    return spool.add(name, DType.U8, new long[] {values.length}, List.of(data.flip()));
  }
}
