package dev.filigree.recipe;

import java.util.Locale;

/** Constants as recipes write them. */
final class Words {
  private Words() {}

  /** Lower case, with hyphens: {@code sr-ste}. */
  static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
