package dev.filigree.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file is there completely or not at all. */
final class OutputFileTest {
  @TempDir private Path directory;

  @Test
  void replacesWhatWasThere() throws IOException {
    Path file = directory.resolve("a.txt");
    OutputFile.write(file, "a longer first text");
    OutputFile.write(file, "grün");
    assertThat(file).hasContent("grün");
    assertThat(names()).containsExactly("a.txt");
  }

  @Test
  void refusesDirectories() throws IOException {
    refused(directory, "it is a directory");
    refused(directory.resolve("no").resolve("where"), "its directory does not exist");
    assertThat(names()).isEmpty();
  }

  @Test
  void leavesNothingBehindWhereRenamingFails() throws IOException {
    Path file = directory.resolve("x".repeat(255));
    assertThatThrownBy(() -> OutputFile.write(file, "text"))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0605");
    assertThat(names()).isEmpty();
  }

  private void refused(Path file, String why) {
    assertThatThrownBy(() -> OutputFile.write(file, "text"))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0605")
        .hasMessageContaining(why);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).toList();
    }
  }
}
