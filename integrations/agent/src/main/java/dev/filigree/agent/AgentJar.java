package dev.filigree.agent;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;

/** The jar that this class came from, as a file that another JVM can open. */
final class AgentJar {
  private AgentJar() {}

  /**
   * Its path; for a jar inside another jar, that of a temporary copy.
   *
   * @throws FiligreeException FIL-0508 if the agent is not in a jar
   */
  static Path path() {
    CodeSource source = AgentJar.class.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) {
      throw noJar("its class loader does not say where it came from", null);
    }
    URL location = source.getLocation();
    try {
      if ("file".equals(location.getProtocol())) {
        Path file = Path.of(location.toURI());
        if (Files.isRegularFile(file)) {
          return file;
        }
        throw noJar(file + " is a folder of classes", null);
      }
      try (InputStream in = location.openStream()) {
        return AgentFiles.temporary("filigree-agent.jar", in.readAllBytes());
      }
    } catch (IOException | URISyntaxException e) {
      throw noJar(location + ": " + e.getMessage(), e);
    }
  }

  private static FiligreeException noJar(String reason, Exception cause) {
    return new FiligreeException(
        cause,
        Message.FIL_0508,
        "the agent is not in a jar (" + reason + ")",
        "filigree-agent.jar");
  }
}
