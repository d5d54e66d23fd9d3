package dev.filigree.cli.decoder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Memory of this process. */
final class Memory {
  private static final Path STATUS = Path.of("/proc/self/status");

  private Memory() {}

  /** The most bytes that were resident at once, or null where the system does not say. */
  static Long peakResidentBytes() {
    return kilobytes("VmHWM:");
  }

  /** The bytes that are resident now, or null where the system does not say. */
  static Long residentBytes() {
    return kilobytes("VmRSS:");
  }

  private static Long kilobytes(String key) {
    if (!Files.isReadable(STATUS)) {
      return null;
    }
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith(key)) {
          return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
        }
      }
      return null;
    } catch (IOException e) {
      return null; // systems without it have no such figure
    }
  }
}
