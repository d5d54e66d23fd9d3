package dev.filigree.samples.digits;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * Reads digits in the IDX format of MNIST: a big-endian header (magic 2051, count, rows, columns;
 * labels: magic 2049, count), then one byte per pixel or label; gzip around it.
 */
final class IdxReader {
  private static final int IMAGES = 2051;
  private static final int LABELS = 2049;
  private static final int MOST = Integer.MAX_VALUE / Digits.PIXELS - 1;
  private static final int CHUNK = 1 << 16;

  private IdxReader() {}

  /** Images and their labels. */
  static Digits read(Path images, Path labels) {
    byte[] pixels = payload(images, IMAGES);
    byte[] digits = payload(labels, LABELS);
    int count = pixels.length / Digits.PIXELS;
    if (count != digits.length) {
      throw new FiligreeException(Message.FIL_0603, images, count, labels, digits.length);
    }
    for (int i = 0; i < count; i++) {
      if (digits[i] < 0 || digits[i] >= Digits.CLASSES) {
        throw bad(labels, LABELS, "label " + i + " is " + (digits[i] & 0xff) + ", not 0 to 9");
      }
    }
    return new Digits(pixels, digits);
  }

  private static byte[] payload(Path file, int magic) {
    try (DataInputStream in =
        new DataInputStream(
            new BufferedInputStream(new GZIPInputStream(Files.newInputStream(file), CHUNK)))) {
      int found = in.readInt();
      if (found != magic) {
        throw bad(file, magic, "its magic number is " + found);
      }
      int count = in.readInt();
      if (count < 1 || count > MOST) {
        throw bad(file, magic, "it says it holds " + count + " items");
      }
      int size = 1;
      if (magic == IMAGES) {
        int rows = in.readInt();
        int columns = in.readInt();
        if (rows != Digits.SIDE || columns != Digits.SIDE) {
          throw bad(file, magic, "its images are " + rows + " by " + columns + ", not 28 by 28");
        }
        size = Digits.PIXELS;
      }
      // readNBytes grows with what is there, so a header that lies costs no memory.
      byte[] data = in.readNBytes(count * size);
      if (data.length < count * size) {
        throw bad(
            file,
            magic,
            "it ends after " + data.length / size + " of the " + count + " items it announces");
      }
      if (in.read() >= 0) {
        throw bad(file, magic, "bytes follow the " + count + " items it announces");
      }
      return data;
    } catch (EOFException e) {
      throw new FiligreeException(
          e, Message.FIL_0602, file, "it ends before its data do (truncated)", magic);
    } catch (ZipException e) {
      throw new FiligreeException(
          e, Message.FIL_0602, file, "it is not a gzip file (" + e.getMessage() + ")", magic);
    } catch (IOException e) {
      throw new FiligreeException(
          e, Message.FIL_0602, file, "it cannot be read (" + e + ")", magic);
    }
  }

  private static FiligreeException bad(Path file, int magic, String found) {
    return new FiligreeException(Message.FIL_0602, file, found, magic);
  }
}
