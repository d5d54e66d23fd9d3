package dev.filigree.cli.file;

import java.util.Locale;
import java.util.OptionalDouble;

/** Numbers as the commands on files print them. */
final class Texts {
  private Texts() {}

  static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * share);
  }

  static Double orNull(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }
}
