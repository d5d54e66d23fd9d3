package dev.filigree.decoder;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Changes right files into wrong ones, the same ones for the same seed. */
final class Mutator {
  private static final long[] NUMBERS = {
    0,
    1,
    -1,
    2,
    3,
    255,
    256,
    65_535,
    65_536,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    Integer.MAX_VALUE - 1L,
    0xffff_ffffL,
    1L << 32,
    1L << 30,
    1L << 40,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    Float.floatToRawIntBits(Float.NaN),
    Float.floatToRawIntBits(Float.POSITIVE_INFINITY),
    Double.doubleToRawLongBits(Double.NaN)
  };

  private static final List<String> VALUES =
      List.of(
          "null",
          "true",
          "{}",
          "[]",
          "[null]",
          "[[]]",
          "{\"a\":1}",
          "\"\"",
          "\"x\"",
          "\"\\ud800\"",
          "\"\\u0000\"",
          "-1",
          "0",
          "1",
          "2.5",
          "1e3",
          "1e400",
          "-1e400",
          "1e-400",
          "1e999999999",
          "NaN",
          "2147483647",
          "2147483648",
          "4294967295",
          "4294967296",
          "9223372036854775807",
          "9223372036854775808",
          "1073741824",
          "2000000000",
          "9".repeat(400),
          "[".repeat(300) + "]".repeat(300),
          "{\"a\":".repeat(300) + "1" + "}".repeat(300),
          "[".repeat(20_000));

  // A text, a number, a word; braces and brackets as they are.
  private static final Pattern TOKEN =
      Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*+\"|-?\\d[-+.eE0-9]*|\\w+|[\\[\\]{}:,]");

  private final Random random;

  Mutator(Random random) {
    this.random = random;
  }

  int next(int bound) {
    return random.nextInt(bound);
  }

  /** One to four changes of any bytes. */
  byte[] bytes(byte[] right) {
    byte[] out = right;
    for (int i = random.nextInt(4); i >= 0; i--) {
      out = once(out);
    }
    return out;
  }

  /** The same for a text in JSON or the like: mostly whole tokens. */
  byte[] text(byte[] right) {
    byte[] out = right;
    for (int i = random.nextInt(3); i >= 0; i--) {
      out = random.nextInt(5) == 0 ? once(out) : token(out);
    }
    return out;
  }

  // What matters mostly stands near the beginning.
  private int position(int length) {
    return random.nextInt(
        random.nextBoolean() ? length : Math.min(length, 64 << random.nextInt(6)));
  }

  private byte[] once(byte[] in) {
    if (in.length == 0) {
      return new byte[] {(byte) random.nextInt()};
    }
    int at = position(in.length);
    int run = Math.min(in.length - at, 1 + random.nextInt(1 << random.nextInt(8)));
    byte[] out = in.clone();
    switch (random.nextInt(8)) {
      case 0 -> out[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> out[at] = (byte) random.nextInt();
      case 2, 3 -> {
        int width = 4 << random.nextInt(2);
        int aligned = random.nextInt(4) == 0 ? at : at / 4 * 4;
        if (aligned + width <= out.length) {
          ByteBuffer to = ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN);
          long number = NUMBERS[random.nextInt(NUMBERS.length)];
          if (width == 4) {
            to.putInt(aligned, (int) number);
          } else {
            to.putLong(aligned, number);
          }
        }
      }
      case 4 -> out = joined(in, at, new byte[0], at + run);
      case 5 -> out = joined(in, at, Arrays.copyOfRange(in, at, at + run), at);
      case 6 -> {
        byte[] more = new byte[run];
        random.nextBytes(more);
        out = joined(in, at, more, at);
      }
      default -> out = Arrays.copyOf(in, at);
    }
    return out;
  }

  private byte[] token(byte[] in) {
    String text = new String(in, StandardCharsets.UTF_8);
    List<MatchResult> tokens = TOKEN.matcher(text).results().toList();
    if (tokens.isEmpty()) {
      return once(in);
    }
    MatchResult at = tokens.get(random.nextInt(tokens.size()));
    MatchResult other = tokens.get(random.nextInt(tokens.size()));
    String by =
        switch (random.nextInt(8)) {
          case 0 -> "";
          case 1 -> other.group();
          case 2 -> at.group() + at.group();
          default -> VALUES.get(random.nextInt(VALUES.size()));
        };
    return (text.substring(0, at.start()) + by + text.substring(at.end()))
        .getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] joined(byte[] in, int end, byte[] middle, int from) {
    ByteBuffer out = ByteBuffer.allocate(end + middle.length + in.length - from);
    return out.put(in, 0, end).put(middle).put(in, from, in.length - from).array();
  }
}
