package dev.filigree.mask;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;

/**
 * Which weights of a matrix W [rows = outputs][cols = inputs] are kept: one bit per weight,
 * row-major, 1 = kept. Immutable.
 *
 * <p>Buffers hold exactly rows * cols values from their position on; positions are left as they
 * were.
 */
public final class Mask {
  private static final int ONE = Float.floatToRawIntBits(1f);

  private final int rows;
  private final int cols;
  // Weight i is bit 63 - i % 64 of word i / 64: big-endian words are then the digest's byte order.
  private final long[] words;
  private final long kept;

  private Mask(int rows, int cols, long[] words) {
    this.rows = rows;
    this.cols = cols;
    this.words = words;
    long count = 0;
    for (long word : words) {
      count += Long.bitCount(word);
    }
    this.kept = count;
  }

  /** Takes ownership of {@code words}; bits beyond rows * cols must be 0. */
  static Mask ofWords(int rows, int cols, long[] words) {
    return new Mask(rows, cols, words);
  }

  static long[] newWords(int rows, int cols) {
    return new long[Math.toIntExact(((long) rows * cols + 63) >>> 6)];
  }

  /** All ones, for callers that then clear what is removed. */
  static long[] newFullWords(int rows, int cols) {
    long[] words = newWords(rows, cols);
    Arrays.fill(words, -1L);
    int tail = (int) ((long) rows * cols & 63);
    if (tail != 0) {
      words[words.length - 1] = -1L << (64 - tail);
    }
    return words;
  }

  static void clear(long[] words, long index) {
    words[(int) (index >>> 6)] &= ~(Long.MIN_VALUE >>> index);
  }

  /**
   * Keeps every weight that is not zero; zeros of both signs are removed, NaN is kept.
   *
   * @param w weights [rows][cols]
   * @throws FiligreeException FIL-0408 where the size of {@code w} is another
   */
  public static Mask ofNonZeros(FloatBuffer w, int rows, int cols) {
    checkSize("weights", w.remaining(), rows, cols);
    long[] words = newWords(rows, cols);
    int base = w.position();
    int n = rows * cols;
    for (int k = 0; k < words.length; k++) {
      int from = k << 6;
      int to = Math.min(n, from + 64);
      long word = 0;
      for (int i = from; i < to; i++) {
        word |= w.get(base + i) != 0 ? Long.MIN_VALUE >>> i : 0;
      }
      words[k] = word;
    }
    return new Mask(rows, cols, words);
  }

  /** The mask that keeps everything. */
  public static Mask all(int rows, int cols) {
    return new Mask(rows, cols, newFullWords(rows, cols));
  }

  /**
   * Reads the form {@link #toBits} writes.
   *
   * @throws FiligreeException FIL-0408 where there are not ceil(rows * cols / 8) bytes, FIL-0410
   *     where a bit behind the last weight is set
   */
  public static Mask ofBits(ByteBuffer bits, int rows, int cols) {
    long n = (long) rows * cols;
    if (rows < 0 || cols < 0 || bits.remaining() != (n + 7) >>> 3) {
      throw new FiligreeException(Message.FIL_0408, "mask bits", 8L * bits.remaining(), rows, cols);
    }
    long[] words = newWords(rows, cols);
    int base = bits.position();
    for (int i = 0; i < bits.remaining(); i++) {
      words[i >>> 3] |= (bits.get(base + i) & 0xFFL) << (56 - ((i & 7) << 3));
    }
    int tail = (int) (n & 63);
    if (tail != 0 && (words[words.length - 1] & (-1L >>> tail)) != 0) {
      throw new FiligreeException(Message.FIL_0410, rows, cols);
    }
    return new Mask(rows, cols, words);
  }

  /** Outputs. */
  public int rows() {
    return rows;
  }

  /** Inputs. */
  public int cols() {
    return cols;
  }

  /** Whether one weight is kept. */
  public boolean kept(int row, int col) {
    if (row < 0 || row >= rows || col < 0 || col >= cols) {
      throw new IndexOutOfBoundsException(
          "weight [" + row + "][" + col + "] of a mask of " + rows + " x " + cols);
    }
    long i = (long) row * cols + col;
    return (words[(int) (i >>> 6)] & (Long.MIN_VALUE >>> i)) != 0;
  }

  /**
   * The mask of some of the rows.
   *
   * @param first from which
   * @param count how many
   */
  public Mask rows(int first, int count) {
    Objects.checkFromIndexSize(first, count, rows);
    if (count == rows) {
      return this;
    }
    long[] part = newWords(count, cols);
    long from = (long) first * cols;
    long n = (long) count * cols;
    for (int k = 0; k < part.length; k++) {
      long at = from + ((long) k << 6);
      int word = (int) (at >>> 6);
      int shift = (int) (at & 63);
      long bits = words[word] << shift;
      if (shift != 0 && word + 1 < words.length) {
        bits |= words[word + 1] >>> (64 - shift);
      }
      long left = n - ((long) k << 6);
      part[k] = left >= 64 ? bits : bits & -1L << (64 - left);
    }
    return new Mask(count, cols, part);
  }

  /** How many weights are kept. */
  public long keptCount() {
    return kept;
  }

  /** 1 - kept / (rows * cols); 0 for a matrix without elements. */
  public double sparsity() {
    long n = (long) rows * cols;
    return n == 0 ? 0 : 1 - kept / (double) n;
  }

  /**
   * The SHA-256, in lower-case hex, of {@link #toBits}: the {@code mask_sha256} of every report.
   */
  public String sha256() {
    return HexFormat.of().formatHex(sha256Digest().digest(toBits()));
  }

  /** One bit per weight, row-major, most significant bit first, the last byte padded with 0. */
  public byte[] toBits() {
    byte[] bytes = new byte[Math.toIntExact(((long) rows * cols + 7) >>> 3)];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (words[i >>> 3] >>> (56 - ((i & 7) << 3)));
    }
    return bytes;
  }

  /** Writes +0.0 over every removed weight; the bits of the kept ones are not touched. */
  public void apply(FloatBuffer w) {
    checkSize("weights", w.remaining(), rows, cols);
    int base = w.position();
    for (int k = 0; k < words.length; k++) {
      for (long left = removed(k); left != 0; ) {
        int bit = Long.numberOfLeadingZeros(left);
        w.put(base + (k << 6) + bit, 0f);
        left &= ~(Long.MIN_VALUE >>> bit);
      }
    }
  }

  /** Writes the mask as numbers: 1 for kept, 0 for removed. */
  public void writeTo(FloatBuffer out) {
    checkSize("mask values", out.remaining(), rows, cols);
    int base = out.position();
    int n = rows * cols;
    for (int k = 0; k < words.length; k++) {
      long word = words[k];
      int first = k << 6;
      int end = Math.min(64, n - first);
      for (int b = 0; b < end; b++) {
        int kept = (int) (word >>> (63 - b)) & 1;
        out.put(base + first + b, Float.intBitsToFloat(-kept & ONE));
      }
    }
  }

  /** How many removed weights are not exactly zero in {@code w}; 0 means the mask holds. */
  public long violations(FloatBuffer w) {
    checkSize("weights", w.remaining(), rows, cols);
    int base = w.position();
    long count = 0;
    for (int k = 0; k < words.length; k++) {
      for (long left = removed(k); left != 0; ) {
        int bit = Long.numberOfLeadingZeros(left);
        count += w.get(base + (k << 6) + bit) != 0 ? 1 : 0;
        left &= ~(Long.MIN_VALUE >>> bit);
      }
    }
    return count;
  }

  // The removed weights of one word, as ones.
  private long removed(int k) {
    long left = (long) rows * cols - ((long) k << 6);
    return left >= 64 ? ~words[k] : ~words[k] & -1L << (64 - left);
  }

  /** In how many weights two masks of the same shape differ. */
  public long flips(Mask other) {
    checkSameShape(other);
    long count = 0;
    for (int i = 0; i < words.length; i++) {
      count += Long.bitCount(words[i] ^ other.words[i]);
    }
    return count;
  }

  /** Whether everything {@code other} keeps is kept here as well. */
  public boolean contains(Mask other) {
    checkSameShape(other);
    for (int i = 0; i < words.length; i++) {
      if ((other.words[i] & ~words[i]) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Whether no group of m consecutive inputs of one output keeps more than n; m divides cols. */
  public boolean keepsAtMost(int n, int m) {
    Groups.check("The mask", cols, m);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < cols; c += m) {
        int count = 0;
        for (int j = c; j < c + m; j++) {
          count += kept(r, j) ? 1 : 0;
        }
        if (count > n) {
          return false;
        }
      }
    }
    return true;
  }

  private void checkSameShape(Mask other) {
    if (rows != other.rows || cols != other.cols) {
      throw new FiligreeException(Message.FIL_0411, rows, cols, other.rows, other.cols);
    }
  }

  /** One check of sizes for everything that takes [rows][cols] values. */
  static void checkSize(String what, long values, int rows, int cols) {
    if (rows < 0 || cols < 0 || values != (long) rows * cols) {
      throw new FiligreeException(Message.FIL_0408, what, values, rows, cols);
    }
  }

  private static MessageDigest sha256Digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Mask m && rows == m.rows && cols == m.cols && Arrays.equals(words, m.words);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * rows + cols) + Arrays.hashCode(words);
  }

  @Override
  public String toString() {
    return "Mask[" + rows + " x " + cols + ", kept " + kept + "]";
  }
}
