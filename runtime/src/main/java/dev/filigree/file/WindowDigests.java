package dev.filigree.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which windows of 13 consecutive token ids occur in some data, kept without the data: by the first
 * five bytes of a SHA-256 of each, so one window in 4 million is taken for a known one by chance
 * where 260,000 are known. Not safe for use by several threads while windows are added.
 */
public final class WindowDigests {
  /** Tokens of a window. */
  public static final int WINDOW = 13;

  private static final int BYTES = 5;

  private final Set<Long> known = new HashSet<>();
  private final MessageDigest sha = FileDigest.sha256();
  private final ByteBuffer window =
      ByteBuffer.allocate(Integer.BYTES * WINDOW).order(ByteOrder.LITTLE_ENDIAN);

  /** None yet. */
  public WindowDigests() {}

  /** Those of some sequences. */
  public static WindowDigests of(List<int[]> sequences) {
    WindowDigests all = new WindowDigests();
    sequences.forEach(all::add);
    return all;
  }

  /** Adds those of a sequence. */
  public void add(int[] ids) {
    for (int i = 0; i + WINDOW <= ids.length; i++) {
      known.add(digest(ids, i));
    }
  }

  /** Adds those of other data. */
  public void add(WindowDigests other) {
    known.addAll(other.known);
  }

  private long digest(int[] ids, int at) {
    window.clear();
    for (int i = 0; i < WINDOW; i++) {
      window.putInt(ids[at + i]);
    }
    sha.update(window.flip());
    return ByteBuffer.wrap(sha.digest()).getLong() >>> (Long.SIZE - Byte.SIZE * BYTES);
  }

  /**
   * The share of other data's windows that are among these, 0 to 1; 0 where no sequence is as long
   * as a window.
   */
  public double shareOf(List<int[]> sequences) {
    long windows = 0;
    long common = 0;
    for (int[] ids : sequences) {
      for (int i = 0; i + WINDOW <= ids.length; i++) {
        windows++;
        common += known.contains(digest(ids, i)) ? 1 : 0;
      }
    }
    return windows == 0 ? 0 : (double) common / windows;
  }

  /** Base64 of all of them, in ascending order. */
  public String text() {
    ByteBuffer all = ByteBuffer.allocate(BYTES * known.size());
    known.stream()
        .sorted()
        .forEach(
            digest -> {
              for (int b = BYTES - 1; b >= 0; b--) {
                all.put((byte) (digest >>> (Byte.SIZE * b)));
              }
            });
    return Base64.getEncoder().encodeToString(all.array());
  }

  /** Reads what {@link #text} wrote; empty for what it did not write. */
  public static Optional<WindowDigests> parse(String text) {
    byte[] all;
    try {
      all = Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    if (all.length % BYTES != 0) {
      return Optional.empty();
    }
    WindowDigests read = new WindowDigests();
    for (int i = 0; i < all.length; i += BYTES) {
      long digest = 0;
      for (int b = 0; b < BYTES; b++) {
        digest = digest << Byte.SIZE | all[i + b] & 0xFF;
      }
      read.known.add(digest);
    }
    return Optional.of(read);
  }
}
