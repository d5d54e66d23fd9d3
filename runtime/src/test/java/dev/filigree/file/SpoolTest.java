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

  @Test
  void tensorsThatComeTogetherStayApart() {
    try (Spool spool = Spool.beside(folder.resolve("out"))) {
      Spool.Slot a = spool.reserve("a", DType.U8, 2, 2);
      Spool.Slot b = spool.reserve("b", DType.U8, 3);
      Tensor c = add(spool, "c", 9);
      a.append(ByteBuffer.wrap(new byte[] {1}));
      b.append(ByteBuffer.wrap(new byte[] {5, 6}));
      a.append(ByteBuffer.wrap(new byte[] {2, 3, 4}));
      assertThatThrownBy(b::tensor).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> b.append(ByteBuffer.allocate(2)))
          .isInstanceOf(IllegalStateException.class);
      b.append(ByteBuffer.wrap(new byte[] {7}));
      assertThat(a.tensor().data()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
      assertThat(a.tensor().shape()).containsExactly(2, 2);
      assertThat(b.tensor().data()).isEqualTo(ByteBuffer.wrap(new byte[] {5, 6, 7}));
      assertThat(c.data().get(0)).isEqualTo((byte) 9);
    }
    assertThat(folder).isEmptyDirectory();
  }
}
