package dev.filigree.decoder;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Changes a packed file and then writes its length and its digest anew: what stands behind both
 * checks is reached.
 */
final class PackedMutation {
  private static final byte[] FIELD = "\"filigree.digest\":\"".getBytes(StandardCharsets.US_ASCII);
  private static final int DIGITS = 64;

  private PackedMutation() {}

  static byte[] of(Mutator mutator, byte[] right) {
    int length = (int) ByteBuffer.wrap(right).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    byte[] header = Arrays.copyOfRange(right, 8, 8 + length);
    byte[] data = Arrays.copyOfRange(right, 8 + length, right.length);
    if (mutator.next(4) == 0) {
      byte[] changed = mutator.bytes(data);
      // Another length would be seen at once.
      data = Arrays.copyOf(changed, data.length);
    } else {
      header = mutator.next(4) == 0 ? mutator.bytes(header) : inner(mutator, header);
    }
    return repaired(header, data);
  }

  /** Texts in the metadata are JSON themselves; their quotes are behind backslashes. */
  private static byte[] inner(Mutator mutator, byte[] header) {
    String text = new String(header, StandardCharsets.UTF_8);
    if (mutator.next(2) == 0) {
      return mutator.text(header);
    }
    int at = text.indexOf("\"{\\\"", mutator.next(text.length()));
    int end = at < 0 ? -1 : text.indexOf("}\"", at);
    if (end < 0) {
      return mutator.text(header);
    }
    String plain = text.substring(at + 1, end + 1).replace("\\\"", "\"").replace("\\\\", "\\");
    String changed =
        new String(mutator.text(plain.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
    return (text.substring(0, at + 1)
            + changed.replace("\\", "\\\\").replace("\"", "\\\"")
            + text.substring(end + 1))
        .getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] repaired(byte[] header, byte[] data) {
    byte[] file =
        ByteBuffer.allocate(8 + header.length + data.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .put(data)
            .array();
    int at = position(file);
    if (at >= 0) {
      Arrays.fill(file, at, at + DIGITS, (byte) '0');
      byte[] digits = HexFormat.of().formatHex(sha(file)).getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(digits, 0, file, at, DIGITS);
    }
    return file;
  }

  private static int position(byte[] file) {
    for (int at = FIELD.length; at + DIGITS < file.length; at++) {
      if (Arrays.equals(file, at - FIELD.length, at, FIELD, 0, FIELD.length)) {
        return file[at + DIGITS] == '"' ? at : -1;
      }
    }
    return -1;
  }

  private static byte[] sha(byte[] file) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(file);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
