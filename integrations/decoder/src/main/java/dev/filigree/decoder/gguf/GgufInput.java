package dev.filigree.decoder.gguf;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Little-endian values one after the other; nothing longer than what is left is allocated. */
final class GgufInput {
  private final InputStream in;
  private final long size;
  private final ByteBuffer word = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
  private long position;

  /**
   * @param size bytes of the whole file
   */
  GgufInput(InputStream in, long size) {
    this.in = in;
    this.size = size;
  }

  long position() {
    return position;
  }

  long left() {
    return size - position;
  }

  byte[] bytes(int count) throws IOException {
    byte[] read = count > left() ? new byte[0] : in.readNBytes(count);
    if (read.length < count) {
      throw new EOFException("it ends inside its header, at byte " + size);
    }
    position += count;
    return read;
  }

  private ByteBuffer word(int count) throws IOException {
    return word.clear().put(bytes(count)).flip();
  }

  byte int8() throws IOException {
    return word(1).get();
  }

  short int16() throws IOException {
    return word(2).getShort();
  }

  int int32() throws IOException {
    return word(4).getInt();
  }

  long int64() throws IOException {
    return word(8).getLong();
  }

  float float32() throws IOException {
    return word(4).getFloat();
  }

  double float64() throws IOException {
    return word(8).getDouble();
  }

  /**
   * A count of things that take at least some bytes each.
   *
   * @throws IOException where fewer bytes are left than they take
   */
  int count(String what, long least, int most) throws IOException {
    long count = int64();
    if (count < 0 || count > most || count > left() / least) {
      throw new IOException(
          "it claims %s %s, but %s bytes are left, and at most %s are read"
              .formatted(Long.toUnsignedString(count), what, left(), most));
    }
    return (int) count;
  }

  private byte[] textBytes(int most) throws IOException {
    return bytes(count("bytes of a text", /* least= */ 1, most));
  }

  /** A text; bytes that are no UTF-8 become replacement characters. */
  String text(int most) throws IOException {
    return new String(textBytes(most), StandardCharsets.UTF_8);
  }

  /** A name; it has to be UTF-8 and not empty. */
  String name(String what, int most) throws IOException {
    byte[] bytes = textBytes(most);
    try {
      String name = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      if (name.isEmpty()) {
        throw new IOException("a " + what + " is empty");
      }
      return name;
    } catch (CharacterCodingException e) {
      throw new IOException("a " + what + " is not UTF-8", e);
    }
  }
}
