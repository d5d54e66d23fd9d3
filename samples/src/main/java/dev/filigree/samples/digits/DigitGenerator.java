package dev.filigree.samples.digits;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Draws digits as a careless hand would: slanted, turned, stretched, wavy, thick or thin, shifted,
 * noisy, now and then with a part missing or a stray stroke. Image i of a seed is the same on any
 * machine and any number of threads.
 */
final class DigitGenerator {
  private static final double MARGIN = 4;
  private static final double GAP = 0.25;
  private static final double LONGEST_GAP = 0.3;
  private static final double STRAY = 0.20;

  private final long seed;

  DigitGenerator(long seed) {
    this.seed = seed;
  }

  /**
   * Images first to first + count - 1 of this seed; the classes are equally frequent, to within one
   * image.
   */
  Digits draw(int first, int count) {
    byte[] pixels = new byte[count * Digits.PIXELS];
    byte[] labels = new byte[count];
    IntStream.range(0, count)
        .parallel()
        .forEach(
            i -> {
              labels[i] = (byte) ((first + i) % Digits.CLASSES);
              drawOne(labels[i], random(first + i), pixels, i * Digits.PIXELS);
            });
    return new Digits(pixels, labels);
  }

  private SplittableRandom random(int image) {
    // The constructor does not mix its argument, so neighbouring seeds are spread by hand.
    return new SplittableRandom((seed * 0x9E3779B97F4A7C15L) ^ (image * 0xD1B54A32D192ED03L));
  }

  private static void drawOne(int digit, SplittableRandom random, byte[] pixels, int at) {
    Hand hand = Hand.draw(random);
    Canvas canvas = new Canvas();
    List<List<Stroke>> ways = DigitShapes.WAYS.get(digit);
    for (Stroke stroke : ways.get(random.nextInt(ways.size()))) {
      drawStroke(stroke, hand, random, canvas);
    }
    if (random.nextDouble() < STRAY) {
      double x = uniform(random, -.1, 1.1);
      double y = uniform(random, -.1, 1.1);
      Stroke stray = Stroke.line(x, y, x + uniform(random, -.4, .4), y + uniform(random, -.4, .4));
      drawStroke(stray, hand, random, canvas);
    }
    double noise = uniform(random, 0, .16);
    for (int p = 0; p < Digits.PIXELS; p++) {
      double value = canvas.ink(p) + noise * random.nextGaussian();
      pixels[at + p] = (byte) Math.round(255 * Math.min(1, Math.max(0, value)));
    }
  }

  private static void drawStroke(Stroke stroke, Hand hand, SplittableRandom random, Canvas canvas) {
    double[] xy = stroke.xy();
    int pieces = xy.length / 2 - 1;
    boolean gap = random.nextDouble() < GAP;
    int gapStart = random.nextInt(pieces);
    int gapEnd = gapStart + (gap ? (int) (random.nextDouble() * LONGEST_GAP * pieces) : 0);
    for (int i = 0; i < pieces; i++) {
      if (i < gapStart || i >= gapEnd) {
        canvas.segment(
            hand.x(xy[2 * i], xy[2 * i + 1]),
            hand.y(xy[2 * i], xy[2 * i + 1]),
            hand.x(xy[2 * i + 2], xy[2 * i + 3]),
            hand.y(xy[2 * i + 2], xy[2 * i + 3]),
            hand.radius(),
            hand.strength());
      }
    }
  }

  private static double uniform(SplittableRandom random, double low, double high) {
    return low + (high - low) * random.nextDouble();
  }

  /**
   * How one digit is written: maps the unit square to pixels.
   *
   * @param a to d the linear part (size, slant, turn), pixels per unit
   * @param dx shift right in pixels
   * @param dy shift down in pixels
   * @param wave size of the wobble in units
   * @param phase where the wobble starts, four angles
   * @param radius pen radius in pixels
   * @param strength ink in the middle of the pen, 0 to 1
   */
  @SuppressWarnings("ArrayRecordComponent") // private and never compared
  private record Hand(
      double a,
      double b,
      double c,
      double d,
      double dx,
      double dy,
      double wave,
      double[] phase,
      double radius,
      double strength) {

    static Hand draw(SplittableRandom random) {
      double size = Digits.SIDE - 2 * MARGIN;
      double wide = size * uniform(random, .65, 1.1);
      double high = size * uniform(random, .75, 1.1);
      double turn = .16 * random.nextGaussian();
      double slant = .22 * random.nextGaussian();
      double cos = Math.cos(turn);
      double sin = Math.sin(turn);
      double[] phase = random.doubles(4, 0, 2 * Math.PI).toArray();
      return new Hand(
          cos * wide,
          (-slant * cos - sin) * high,
          sin * wide,
          (-slant * sin + cos) * high,
          1.3 * random.nextGaussian(),
          1.3 * random.nextGaussian(),
          uniform(random, 0, .07),
          phase,
          uniform(random, .7, 1.9),
          uniform(random, .65, 1));
    }

    double x(double u, double v) {
      double x = u - .5 + wave * Math.sin(7 * v + phase[0]);
      double y = v - .5 + wave * Math.sin(7 * u + phase[1]);
      return Digits.SIDE / 2.0 + dx + a * x + b * y;
    }

    double y(double u, double v) {
      double x = u - .5 + wave * Math.sin(7 * v + phase[2]);
      double y = v - .5 + wave * Math.sin(7 * u + phase[3]);
      return Digits.SIDE / 2.0 + dy + c * x + d * y;
    }
  }
}
