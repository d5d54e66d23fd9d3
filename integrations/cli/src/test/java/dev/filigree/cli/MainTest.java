package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exit status and messages, in this process. */
final class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path directory;

  @AfterEach
  void nothingIsWritten() {
    assertThat(Path.of("report.html")).doesNotExist();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void helpIsNoError() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString()).contains("Usage: filigree").contains("demo");
    assertThat(run("demo", "--help")).isZero();
    assertThat(out.toString()).contains("Usage: filigree demo").contains("--data=DIR");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void noCommandIsBadUsage() {
    assertThat(run()).isEqualTo(2);
    assertThat(err.toString()).contains("Usage: filigree");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void unknownCommandNamesTheNearest() {
    assertThat(run("demos")).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0609").contains("demos").contains("Did you mean");
  }

  @Test
  void unknownOptionNamesTheNearest() {
    assertThat(run("demo", "--epoch", "3")).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0609").contains("--epoch").contains("--epochs");
  }

  @Test
  void numbersMustBeNumbers() {
    assertThat(run("demo", "--epochs", "many")).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0609").contains("many");
    assertThat(run("demo", "--seed", "1.5")).isEqualTo(2);
  }

  @Test
  void epochsMustBePositive() {
    assertThat(run("demo", "--epochs", "0")).isEqualTo(2);
    assertThat(err.toString())
        .contains("FIL-0604: --epochs is 0; legal: whole numbers from 1 to 1000.");
  }

  @Test
  void settingsAreCheckedBeforeAnythingRuns() {
    System.setProperty("filigree.hugepages", "maybe");
    try {
      assertThat(run("generate", "--random-model", "tiny", "--steps", "1")).isEqualTo(2);
    } finally {
      System.clearProperty("filigree.hugepages");
    }
    assertThat(err.toString().strip())
        .isEqualTo("FIL-0213: filigree.hugepages = \"maybe\" is not understood. Legal: auto, off.");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void dataDirectoryMustHoldTheFiles() {
    assertThat(run("demo", "--data", directory.toString())).isEqualTo(2);
    assertThat(err.toString())
        .contains("FIL-0601")
        .contains(directory.toString())
        .contains("train10k-images-idx3-ubyte.gz")
        .doesNotContain("\tat ");
  }

  @Test
  void jsonPlaceIsCheckedBeforeTheWork() {
    assertThat(run("demo", "--json", directory.toString())).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0403").contains("it is a folder");
  }

  @Test
  void attachNamesTheProcessItCannotReach() {
    assertThat(run("attach")).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0609").contains("PID");
    assertThat(run("attach", "many")).isEqualTo(2);
    assertThat(err.toString()).contains("many");
  }

  @Test
  void debugShowsTheStackTrace() {
    assertThat(run("demo", "--debug", "--data", directory.toString())).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0601").contains("\tat dev.filigree");
    err.getBuffer().setLength(0);
    assertThat(run("--debug", "demo", "--data", directory.toString())).isEqualTo(2);
    assertThat(err.toString()).contains("\tat dev.filigree");
  }

  private int run(String... arguments) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }
}
