package dev.filigree.djl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Golden fixtures in a directory named {@code shared} beside the repository; a test that needs them
 * skips loudly without.
 */
public final class SharedData {
  private SharedData() {}

  /** The path of a fixture. */
  public static Path fixture(String name) {
    return find("fixtures/" + name);
  }

  private static Path find(String relative) {
    for (Path p = Path.of("").toAbsolutePath(); p != null; p = p.getParent()) {
      Path candidate = p.resolve("shared").resolve(relative);
      if (Files.exists(candidate)) {
        return candidate;
      }
    }
    String why = "SKIPPED: shared/" + relative + " is not beside the repository";
    System.err.println(why);
    assumeTrue(false, why);
    throw new IllegalStateException(why);
  }
}
