package dev.filigree.samples.digits;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;

/** Writes IDX files, good ones and bad ones. */
final class IdxFiles {
  private IdxFiles() {}

  /** A gzip file of big-endian header numbers and then bytes. */
  static Path write(Path file, byte[] payload, int... header) {
    try (DataOutputStream out =
        new DataOutputStream(new GZIPOutputStream(Files.newOutputStream(file)))) {
      for (int number : header) {
        out.writeInt(number);
      }
      out.write(payload);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }

  static Path images(Path file, Digits digits) {
    return write(file, digits.pixels(), 2051, digits.size(), Digits.SIDE, Digits.SIDE);
  }

  static Path labels(Path file, Digits digits) {
    return write(file, digits.labels(), 2049, digits.size());
  }

  /** The four files the demo looks for. */
  static void directory(Path directory, Digits train, Digits test) {
    images(directory.resolve("train10k-images-idx3-ubyte.gz"), train);
    labels(directory.resolve("train10k-labels-idx1-ubyte.gz"), train);
    images(directory.resolve("t10k-images-idx3-ubyte.gz"), test);
    labels(directory.resolve("t10k-labels-idx1-ubyte.gz"), test);
  }

  /** The first bytes of a file. */
  static void cut(Path file, long bytes) {
    try {
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      head.write(Files.readAllBytes(file), 0, (int) bytes);
      Files.write(file, head.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
