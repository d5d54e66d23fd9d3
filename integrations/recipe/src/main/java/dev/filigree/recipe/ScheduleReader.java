package dev.filigree.recipe;

import dev.filigree.annotations.ScheduleKind;
import dev.filigree.plan.Declaration;
import java.util.List;
import java.util.Map;

/** {@code schedule:} with the attributes of {@code @Schedule}. */
final class ScheduleReader {
  static final String SCHEDULE = "schedule";
  static final List<String> KEYS = List.of("kind", "start", "end", "every", "power");

  /** The defaults of {@code @Schedule}, which are those of {@code @Sparse} as well. */
  private static final Declaration.Ramp DEFAULTS = dev.filigree.plan.PlanRules.SPARSE_SCHEDULE;

  private ScheduleReader() {}

  static Fields fields(YamlNode node) {
    return Fields.of(SCHEDULE, node, KEYS, Map.of());
  }

  static Declaration.Ramp ramp(Fields fields) {
    String step = "a fraction from 0 to 1, or a step";
    return new Declaration.Ramp(
        fields.choice("kind", ScheduleKind.class, List.of()).orElse(DEFAULTS.kind()),
        fields.number("start", step).orElse(DEFAULTS.start()),
        fields.number("end", step).orElse(DEFAULTS.end()),
        fields.integer("every").orElse(DEFAULTS.every()),
        fields.number("power", "a number above 0").orElse(DEFAULTS.power()));
  }
}
