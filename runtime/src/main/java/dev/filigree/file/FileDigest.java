package dev.filigree.file;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** The SHA-256 over a whole packed file, its own 64 hex digits in the header taken as zeros. */
final class FileDigest {
  static final String KEY = "filigree.digest";
  static final String BLANK = "0".repeat(64);

  // Inside a JSON text every quote follows a backslash, so this can only be the field itself.
  private static final byte[] FIELD = ("\"" + KEY + "\":\"").getBytes(StandardCharsets.US_ASCII);

  private final MessageDigest sha = sha256();

  /** Where the digits stand in a header, or -1 where there is no such field as we write it. */
  static int position(byte[] header) {
    for (int i = 0; i + FIELD.length + BLANK.length() < header.length; i++) {
      int at = i + FIELD.length;
      if (Arrays.equals(header, i, at, FIELD, 0, FIELD.length)) {
        return header[at + BLANK.length()] == '"' ? at : -1;
      }
    }
    return -1;
  }

  /** Takes the length field and the header, the digits at {@code position} blanked. */
  void header(byte[] header, int position) {
    byte[] blanked = header.clone();
    Arrays.fill(blanked, position, position + BLANK.length(), (byte) '0');
    sha.update(SafetensorsWriter.length(header));
    sha.update(blanked);
  }

  void data(ByteBuffer bytes) {
    sha.update(bytes.duplicate());
  }

  /** The digits, as they are written. */
  byte[] digits() {
    return HexFormat.of().formatHex(sha.digest()).getBytes(StandardCharsets.US_ASCII);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
