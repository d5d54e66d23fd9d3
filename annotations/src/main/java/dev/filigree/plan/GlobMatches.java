package dev.filigree.plan;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Whether the globs of a recipe take any of the layers there are. */
public final class GlobMatches {
  private static final int SHOWN = 5;

  private GlobMatches() {}

  /** A glob that takes no layer, with where it stands and the layers that come nearest. */
  private record Unmatched(String origin, String glob, String nearest) {}

  /**
   * Checks that every glob is right for some layer.
   *
   * @param recipe whose globs
   * @param model for the message
   * @param layers names of all layers
   * @throws FiligreeException FIL-0847 for a glob that matches none
   */
  public static void require(SparsityPlan recipe, Object model, Collection<String> layers) {
    unmatched(recipe, layers)
        .findFirst()
        .ifPresent(
            u -> {
              throw new FiligreeException(
                  Message.FIL_0847, u.origin(), u.glob(), model, u.nearest());
            });
  }

  /** FIL-0847 for every glob that matches none, for recipes that are right for another model. */
  public static List<String> messages(
      SparsityPlan recipe, Object model, Collection<String> layers) {
    return unmatched(recipe, layers)
        .map(u -> Message.FIL_0847.text(u.origin(), u.glob(), model, u.nearest()))
        .toList();
  }

  private static Stream<Unmatched> unmatched(SparsityPlan recipe, Collection<String> layers) {
    return recipe.rules().stream()
        .flatMap(
            rule ->
                Stream.concat(rule.include().stream(), rule.exclude().stream())
                    .filter(glob -> layers.stream().noneMatch(name -> Globs.matches(glob, name)))
                    .map(glob -> new Unmatched(rule.origin(), glob, nearest(glob, layers))));
  }

  /** Those with the most letters of the glob, in its order. */
  private static String nearest(String glob, Collection<String> layers) {
    List<String> words = Arrays.stream(glob.split("[*?]+")).filter(w -> !w.isEmpty()).toList();
    return layers.stream()
        .sorted(
            Comparator.comparingInt(name -> -words.stream().mapToInt(w -> common(w, name)).sum()))
        .limit(SHOWN)
        .collect(Collectors.joining(", "));
  }

  /** How many letters of the one stand in the other in the same order. */
  private static int common(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = 0;
      for (int j = 1; j <= b.length(); j++) {
        int above = row[j];
        row[j] = a.charAt(i - 1) == b.charAt(j - 1) ? diagonal + 1 : Math.max(above, row[j - 1]);
        diagonal = above;
      }
    }
    return row[b.length()];
  }
}
