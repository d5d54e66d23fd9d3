package dev.filigree.plan;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Whether the globs of a recipe take any of the layers there are. */
public final class GlobMatches {
  private static final int SHOWN = 5;

  private GlobMatches() {}

  /**
   * Checks that every glob is right for some layer.
   *
   * @param recipe whose globs
   * @param model for the message
   * @param layers names of all layers
   * @throws FiligreeException FIL-0847 for a glob that matches none
   */
  public static void require(SparsityPlan recipe, Object model, Collection<String> layers) {
    for (LayerRule rule : recipe.rules()) {
      for (List<String> globs : List.of(rule.include(), rule.exclude())) {
        for (String glob : globs) {
          if (layers.stream().noneMatch(name -> Globs.matches(glob, name))) {
            throw new FiligreeException(
                Message.FIL_0847, rule.origin(), glob, model, nearest(glob, layers));
          }
        }
      }
    }
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
