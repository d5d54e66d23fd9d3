package dev.filigree.cli.regret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.cli.bench.LayerSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CaseFileTest {
  @TempDir private Path folder;

  @Test
  void theUsualListCoversTheRange() {
    List<LayerSpec> layers = CaseFile.usual();
    assertThat(layers).hasSizeGreaterThanOrEqualTo(40).doesNotHaveDuplicates();
    assertThat(layers).anyMatch(l -> l.rows() == 1 && l.cols() == 1);
    assertThat(layers).anyMatch(l -> l.rows() == 8192 && l.cols() == 8192);
    assertThat(layers.stream().map(LayerSpec::batch)).contains(1, 512);
    assertThat(layers.stream().map(LayerSpec::pattern).collect(Collectors.toSet()))
        .contains("unstructured", "2:4", "block:4x1", "dense");
    assertThat(layers).anyMatch(l -> l.activationSparsity() == 0.5 && l.batch() == 1);
  }

  @Test
  void commentsAndBlankLinesAreNoLayers() throws Exception {
    Path file = folder.resolve("cases.txt");
    Files.writeString(file, "# one\n\n8 16 2 2:4 - 0 # two\n  4\t5 1  dense 0 0.5\n");
    List<LayerSpec> layers = CaseFile.read(file);
    assertThat(layers).extracting(LayerSpec::rows).containsExactly(8, 4);
    assertThat(layers).extracting(LayerSpec::cols).containsExactly(16, 5);
    assertThat(layers).extracting(LayerSpec::batch).containsExactly(2, 1);
    assertThat(layers.get(0).sparsity()).isEqualTo(0.5);
    assertThat(layers.get(1).zeroInputs()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "8 16 2 2:4 -",
        "8 16 2 2:4 - 0 0",
        "8 x 2 2:4 - 0",
        "8 16 2 rows 0.5 0",
        "8 15 2 2:4 - 0",
        "8 16 2 unstructured - 0",
        "8 16 0 unstructured 0.5 0",
        "8 16 1 unstructured 1 0"
      })
  void aLineThatIsNoLayerIsNamed(String line) throws Exception {
    Path file = folder.resolve("cases.txt");
    Files.writeString(file, "# comment\n" + line + "\n");
    assertThatThrownBy(() -> CaseFile.read(file))
        .hasMessageContaining("FIL-0751")
        .hasMessageContaining("line 2");
  }

  @Test
  void aListOfNothingIsRefused() throws Exception {
    Path file = folder.resolve("cases.txt");
    Files.writeString(file, "# comment\n");
    assertThatThrownBy(() -> CaseFile.read(file)).hasMessageContaining("FIL-0750");
    assertThatThrownBy(() -> CaseFile.read(folder.resolve("absent")))
        .hasMessageContaining("FIL-0750");
  }
}
