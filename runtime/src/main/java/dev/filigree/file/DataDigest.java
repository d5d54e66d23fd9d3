package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Which data a step saw.
 *
 * @param role what they were used for
 * @param name for people, a file name for example
 * @param sha256 digest of their bytes, 64 lower-case hex digits
 */
public record DataDigest(Role role, String name, String sha256) {
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
  private static final int PIECE = 1 << 20;

  /** What data are used for; the same data in two roles make an evaluation worthless. */
  public enum Role {
    /** Scores, thresholds and weight updates were made from them. */
    CALIBRATION,
    /** Settings were chosen by them. */
    SEARCH,
    /** Only looked at to say how good the result is. */
    EVALUATION
  }

  /** Checks the digest. */
  public DataDigest {
    if (!isDigest(sha256)) {
      throw new IllegalArgumentException("the digest of " + name + " is " + sha256);
    }
  }

  static boolean isDigest(String text) {
    return DIGEST.matcher(text).matches();
  }

  /**
   * The digest of a file.
   *
   * @throws FiligreeException FIL-0404 where it cannot be read
   */
  public static DataDigest of(Role role, Path file) {
    return new DataDigest(role, String.valueOf(file.getFileName()), sha256(file));
  }

  /** The digest of bytes, each buffer from its position to its limit; positions do not move. */
  public static DataDigest of(Role role, String name, Iterable<ByteBuffer> bytes) {
    MessageDigest sha = FileDigest.sha256();
    bytes.forEach(b -> sha.update(b.duplicate()));
    return new DataDigest(role, name, HexFormat.of().formatHex(sha.digest()));
  }

  /** SHA-256 of a file's bytes, read piece by piece. */
  static String sha256(Path file) {
    MessageDigest sha = FileDigest.sha256();
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer piece = ByteBuffer.allocate(PIECE);
      while (in.read(piece) >= 0) {
        sha.update(piece.flip());
        piece.clear();
      }
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, file, IoReason.of(e));
    }
    return HexFormat.of().formatHex(sha.digest());
  }
}
