package dev.filigree.agent;

import java.nio.charset.StandardCharsets;

/**
 * A glance at a class file: which of a few strings its constant pool holds. It costs a few
 * microseconds, so that every loaded class can afford it; only the rare hit is parsed.
 */
final class ConstantPool {
  /** An annotation of ours, used or mentioned. */
  static final int FILIGREE_ANNOTATION = 1;

  /** Some annotation that is kept at run time, perhaps one that carries ours. */
  static final int RUNTIME_ANNOTATION = 2;

  /** A class of DJL's block package, perhaps the super class. */
  static final int DJL_BLOCK = 4;

  /** The descriptor of forward with labels. */
  static final int FORWARD_WITH_LABELS = 8;

  private static final byte[] FILIGREE = bytes("L" + ClassFacts.ANNOTATIONS);
  private static final byte[] RUNTIME = bytes("RuntimeVisibleAnnotations");
  private static final byte[] BLOCKS = bytes("ai/djl/nn/");
  private static final byte[] LABELS = bytes(WeavePoint.LABELS_DESCRIPTOR);

  private static final int UTF8 = 1;
  private static final int LONG = 5;
  private static final int DOUBLE = 6;

  private ConstantPool() {}

  /**
   * What the constant pool of a class file holds, as a set of the bits above.
   *
   * @return 0 for bytes that are no class file
   */
  static int find(byte[] file) {
    if (file.length < 10) {
      return 0;
    }
    int found = 0;
    int at = 10;
    int count = u2(file, 8);
    for (int i = 1; i < count && at + 3 <= file.length; i++) {
      int tag = file[at];
      if (tag == UTF8) {
        int length = u2(file, at + 1);
        found |= classify(file, at + 3, Math.min(length, file.length - at - 3));
        at += 3 + length;
        continue;
      }
      int size = size(tag);
      if (size == 0) {
        return 0;
      }
      at += size;
      if (tag == LONG || tag == DOUBLE) {
        i++; // these take two indices
      }
    }
    return found;
  }

  private static int classify(byte[] file, int at, int length) {
    if (startsWith(file, at, length, FILIGREE)) {
      return FILIGREE_ANNOTATION;
    }
    if (startsWith(file, at, length, BLOCKS)) {
      return DJL_BLOCK;
    }
    if (length == RUNTIME.length && startsWith(file, at, length, RUNTIME)) {
      return RUNTIME_ANNOTATION;
    }
    return length == LABELS.length && startsWith(file, at, length, LABELS)
        ? FORWARD_WITH_LABELS
        : 0;
  }

  private static boolean startsWith(byte[] file, int at, int length, byte[] prefix) {
    if (length < prefix.length) {
      return false;
    }
    for (int i = 0; i < prefix.length; i++) {
      if (file[at + i] != prefix[i]) {
        return false;
      }
    }
    return true;
  }

  /** Bytes of an entry with its tag (JVMS 4.4); 0 for a tag that is none. */
  private static int size(int tag) {
    return switch (tag) {
      case 7, 8, 16, 19, 20 -> 3;
      case 15 -> 4;
      case 3, 4, 9, 10, 11, 12, 17, 18 -> 5;
      case LONG, DOUBLE -> 9;
      default -> 0;
    };
  }

  private static int u2(byte[] file, int at) {
    return ((file[at] & 0xff) << 8) | (file[at + 1] & 0xff);
  }

  private static byte[] bytes(String s) {
    return s.getBytes(StandardCharsets.UTF_8);
  }
}
