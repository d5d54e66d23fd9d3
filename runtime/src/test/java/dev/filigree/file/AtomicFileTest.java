package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
  @TempDir Path folder;

  private List<Path> content() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  private static void assertRefused(Path target, String reason) {
    assertThatThrownBy(() -> AtomicFile.write(target, "x"))
        .isInstanceOfSatisfying(
            FiligreeException.class, e -> assertThat(e.id()).isEqualTo(Message.FIL_0403))
        .hasMessageContaining(target.toString())
        .hasMessageContaining(reason);
    assertThatThrownBy(() -> AtomicFile.checkWritable(target)).hasMessageContaining(reason);
  }

  @Test
  void replacesWhole() throws IOException {
    Path target = folder.resolve("a");
    AtomicFile.write(target, "one");
    AtomicFile.write(target, "two");
    assertThat(target).hasContent("two");
    assertThat(content()).containsExactly(target);
  }

  @Test
  void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
    Path target = folder.resolve("a");
    AtomicFile.write(target, "old");
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    target,
                    out -> {
                      AtomicFile.writeFully(out, ByteBuffer.allocate(100));
                      throw new IOException("No space left on device");
                    }))
        .hasMessageContaining("FIL-0403")
        .hasMessageContaining("No space left on device");
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    target,
                    out -> {
                      throw new IllegalStateException("bug");
                    }))
        .isInstanceOf(IllegalStateException.class);
    assertThat(target).hasContent("old");
    assertThat(content()).containsExactly(target);
  }

  @Test
  void impossibleTargetsAreRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertRefused(folder, "it is a folder");
    assertRefused(folder.resolve("none").resolve("a"), "does not exist");
    assertRefused(file.resolve("a"), "is not a folder");
    assertRefused(Path.of("/"), "it is a folder");
    Path device = Path.of("/dev/null");
    if (Files.exists(device)) {
      assertRefused(device, "not a regular file");
    }
    assertThat(content()).containsExactly(file);
  }

  @Test
  void linksAreFollowed() throws IOException {
    Path target = Files.writeString(folder.resolve("real"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), target);
    AtomicFile.write(link, "new");
    assertThat(target).hasContent("new");
    assertThat(link).isSymbolicLink();
  }

  @Test
  void aStoppedProcessLeavesNothing() throws Exception {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                classPath,
                Stuck.class.getName(),
                folder.resolve("a").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var reader = process.inputReader()) {
      assertThat(reader.readLine()).isEqualTo("writing");
      assertThat(content()).hasSize(1);
      assumeTrue(process.supportsNormalTermination(), "no way to ask a process to stop here");
      process.destroy();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(content()).isEmpty();
  }

  /** Begins to write and never ends. */
  static final class Stuck {
    private Stuck() {}

    @SuppressWarnings("SystemOut") // the parent waits for this line
    public static void main(String[] args) {
      AtomicFile.write(
          Path.of(args[0]),
          out -> {
            AtomicFile.writeFully(out, ByteBuffer.allocate(1000));
            System.out.println("writing");
            try {
              new java.util.concurrent.CountDownLatch(1).await();
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
          });
    }
  }
}
