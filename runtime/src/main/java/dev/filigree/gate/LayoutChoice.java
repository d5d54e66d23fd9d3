package dev.filigree.gate;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** Which form serves a layer at which number of activation rows. */
public final class LayoutChoice {
  private LayoutChoice() {}

  /**
   * The best form for every batch size.
   *
   * @param micros per batch size, median microseconds by name; the same names everywhere
   * @param unpacked the name of the layer as it is, which needs no form
   * @param several whether a layer may have one form for each batch size; otherwise the one form is
   *     taken that makes the geometric mean of the times smallest, and the unpacked layer answers
   *     where it is faster
   * @return per batch size the name of a form or {@code unpacked}
   */
  public static Map<Integer, String> choose(
      Map<Integer, Map<String, Double>> micros, String unpacked, boolean several) {
    Set<String> names = new LinkedHashSet<>();
    micros.values().forEach(m -> names.addAll(m.keySet()));
    Map<Integer, String> chosen = new LinkedHashMap<>();
    String one = several ? unpacked : single(micros, names, unpacked);
    micros.forEach(
        (batch, times) -> {
          String best = unpacked;
          for (String name : several ? names : Set.of(one)) {
            if (times.containsKey(name) && times.get(name) < times.get(best)) {
              best = name;
            }
          }
          chosen.put(batch, best);
        });
    return chosen;
  }

  private static String single(
      Map<Integer, Map<String, Double>> micros, Set<String> names, String unpacked) {
    String best = unpacked;
    double least = 0;
    for (String name : names) {
      double sum = 0;
      for (Map<String, Double> times : micros.values()) {
        double gain = times.getOrDefault(name, Double.MAX_VALUE) / times.get(unpacked);
        sum += Math.min(0, Math.log(gain));
      }
      if (sum < least) {
        best = name;
        least = sum;
      }
    }
    return best;
  }
}
