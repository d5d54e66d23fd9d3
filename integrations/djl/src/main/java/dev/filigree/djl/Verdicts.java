package dev.filigree.djl;

import com.google.common.collect.MapMaker;
import dev.filigree.djl.bind.Binding;
import java.util.List;
import java.util.Map;

/** What the gate measured, kept beside each binding. */
final class Verdicts {
  private static final Map<Binding, List<LayerSummary.Verdict>> BY_BINDING =
      new MapMaker().weakKeys().makeMap();

  private Verdicts() {}

  static void put(Binding binding, List<LayerSummary.Verdict> verdicts) {
    BY_BINDING.put(binding, List.copyOf(verdicts));
  }

  /** Keeps the numbers of one batch size, which now runs dense. */
  static void revert(Binding binding, int batch) {
    List<LayerSummary.Verdict> all = of(binding);
    if (!all.isEmpty()) {
      put(binding, all.stream().map(v -> v.batch() == batch ? v.dense() : v).toList());
    }
  }

  static void remove(Binding binding) {
    BY_BINDING.remove(binding);
  }

  static List<LayerSummary.Verdict> of(Binding binding) {
    return BY_BINDING.getOrDefault(binding, List.of());
  }
}
