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

  static void remove(Binding binding) {
    BY_BINDING.remove(binding);
  }

  static List<LayerSummary.Verdict> of(Binding binding) {
    return BY_BINDING.getOrDefault(binding, List.of());
  }
}
