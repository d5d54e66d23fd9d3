package dev.filigree.file;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * CRC-32C of the tensors of a file, to tell which one broke; whether one did is what the file's
 * digest tells. Eight hex digits for each tensor of 1 KiB and more in header order, then eight for
 * all smaller ones together.
 */
final class Checksums {
  // Below this size a checksum of its own would make a file of many small tensors grow.
  private static final int OWN = 1024;
  private static final int DIGITS = 8;

  private Checksums() {}

  static String of(List<Tensor> tensors) {
    StringBuilder text = new StringBuilder();
    CRC32C small = new CRC32C();
    for (Tensor t : tensors) {
      if (t.bytes() < OWN) {
        update(small, t);
      } else {
        CRC32C own = new CRC32C();
        update(own, t);
        text.append(hex(own));
      }
    }
    return text.append(hex(small)).toString();
  }

  /** Names of tensors whose bytes do not match; empty where all do. */
  static List<String> broken(List<Tensor> tensors, String recorded) {
    String actual = of(tensors);
    if (actual.length() != recorded.length()) {
      return List.of();
    }
    List<String> broken = new ArrayList<>();
    List<String> small = new ArrayList<>();
    int at = 0;
    for (Tensor t : tensors) {
      if (t.bytes() < OWN) {
        small.add(t.name());
      } else {
        if (!actual.regionMatches(at, recorded, at, DIGITS)) {
          broken.add(t.name());
        }
        at += DIGITS;
      }
    }
    if (!actual.regionMatches(at, recorded, at, DIGITS)) {
      broken.add(small.size() == 1 ? small.get(0) : "one of " + String.join(", ", small));
    }
    return broken;
  }

  private static void update(CRC32C crc, Tensor t) {
    for (ByteBuffer chunk : t.chunks()) {
      crc.update(chunk.duplicate());
    }
  }

  private static String hex(CRC32C crc) {
    return String.format("%08x", crc.getValue());
  }
}
