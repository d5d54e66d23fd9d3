package dev.filigree.agent;

import dev.filigree.agent.AttachMain.AttachFailure;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Path;

/** A helper process that attaches to this one: a JVM does not attach to itself by default. */
final class AttachProcess {
  private AttachProcess() {}

  /**
   * Runs the helper and waits for it.
   *
   * @throws AttachFailure saying why it is not possible
   */
  static void attach(long pid, Path jar, String arguments) throws IOException, AttachFailure {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Process helper =
        new ProcessBuilder(
                java.toString(),
                "-Xshare:auto",
                "-XX:+UseSerialGC",
                "-cp",
                jar.toString(),
                AttachMain.class.getName(),
                Long.toString(pid),
                jar.toString(),
                arguments)
            .redirectErrorStream(true)
            .start();
    try {
      helper.getOutputStream().close();
      String output =
          new String(helper.getInputStream().readAllBytes(), Charset.defaultCharset()).strip();
      if (helper.waitFor() != 0) {
        throw new AttachFailure(output, null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AttachFailure("interrupted", e);
    } finally {
      helper.destroy();
    }
  }
}
