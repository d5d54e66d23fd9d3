package dev.filigree.recipe;

import dev.filigree.annotations.Criterion;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Pattern;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** {@code weights:} as {@code --weights} writes it. */
final class WeightText {
  private WeightText() {}

  /** {@code METHOD:PATTERN[:SPARSITY]}. */
  static Declaration declaration(YamlNode.Text t) {
    String[] parts = t.text().split(":", 2);
    Optional<Criterion> criterion =
        Arrays.stream(Criterion.values()).filter(c -> Words.of(c).equals(parts[0])).findFirst();
    if (criterion.isEmpty() || parts.length < 2) {
      throw illegalSpec(t);
    }
    Optional<Pattern> groups = Pattern.of(parts[1]).filter(p -> p instanceof Pattern.NM);
    int colon = parts[1].lastIndexOf(':');
    Declaration made;
    if (groups.isPresent()) {
      made = WeightDefaults.groups((Pattern.NM) groups.get(), criterion.get());
    } else {
      Pattern pattern =
          Pattern.of(parts[1].substring(0, Math.max(0, colon)))
              .filter(p -> !(p instanceof Pattern.NM))
              .orElseThrow(() -> illegalSpec(t));
      double sparsity =
          Fields.number(
              RecipeReader.WEIGHTS + " sparsity",
              new YamlNode.Text(parts[1].substring(colon + 1), false, t.place()),
              WeightReader.SHARE);
      made = WeightDefaults.shared(pattern, sparsity, criterion.get());
    }
    return made;
  }

  private static FiligreeException illegalSpec(YamlNode.Text t) {
    String criteria =
        Arrays.stream(Criterion.values()).map(Words::of).collect(Collectors.joining(", "));
    return Fields.illegal(
        t.place(),
        RecipeReader.WEIGHTS,
        t.what(),
        "none, METHOD:N:M, or METHOD:PATTERN:SPARSITY with METHOD "
            + criteria
            + " and PATTERN unstructured, block:RxC, row, channel; or a mapping");
  }
}
