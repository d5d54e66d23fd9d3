package dev.filigree.samples.digits;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The images of one run. Every choice is made on {@code validation}; {@code test} is looked at
 * once, at the end.
 *
 * @param source where they come from, for the reader of the report
 */
record DigitData(String source, Digits train, Digits validation, Digits test) {
  /** Training images held back to choose on. */
  static final int VALIDATION = 1000;

  private static final int DRAWN = 10_000;
  private static final List<String> FILES =
      List.of(
          "train10k-images-idx3-ubyte.gz",
          "train10k-labels-idx1-ubyte.gz",
          "t10k-images-idx3-ubyte.gz",
          "t10k-labels-idx1-ubyte.gz");

  /** 10,000 drawn digits to train on and 10,000 others to test. */
  static DigitData drawn(long seed) {
    return drawn(seed, DRAWN, DRAWN);
  }

  /** Drawn digits; {@code train} includes those held back for validation. */
  static DigitData drawn(long seed, int train, int test) {
    DigitGenerator generator = new DigitGenerator(seed);
    String source = "Digits drawn by a program";
    return split(source, generator.draw(0, train), generator.draw(train, test), seed);
  }

  /** The IDX files of a directory. */
  static DigitData read(Path directory, long seed) {
    for (String name : FILES) {
      if (!Files.isRegularFile(directory.resolve(name))) {
        throw new FiligreeException(Message.FIL_0601, directory, name, String.join(", ", FILES));
      }
    }
    Digits train = IdxReader.read(directory.resolve(FILES.get(0)), directory.resolve(FILES.get(1)));
    Digits test = IdxReader.read(directory.resolve(FILES.get(2)), directory.resolve(FILES.get(3)));
    if (train.size() < VALIDATION + Training.BATCH) {
      throw new FiligreeException(Message.FIL_0606, train.size(), Training.BATCH);
    }
    return split(directory.toString(), train, test, seed);
  }

  private static DigitData split(String source, Digits train, Digits test, long seed) {
    // Such files may be in digit order, so images are shuffled before some are held back.
    Digits shuffled = train.shuffled(seed);
    int kept = shuffled.size() - VALIDATION;
    return new DigitData(
        source, shuffled.slice(0, kept), shuffled.slice(kept, shuffled.size()), test);
  }
}
