package dev.filigree.plan;

import java.util.List;

/**
 * All that one element declares, unchecked.
 *
 * @param items what it asks for, the nearest first: written on the element itself, then through
 *     house annotations
 * @param schedules every {@code @Schedule} that stands beside them, the nearest first; the first
 *     one is in force
 */
public record Declarations(List<Item> items, List<Ramp> schedules) {

  /** Defensive copies. */
  public Declarations {
    items = List.copyOf(items);
    schedules = List.copyOf(schedules);
  }

  /**
   * One declaration.
   *
   * @param declaration its values, the schedule in force included
   * @param annotation the annotation's name, for example {@code @Sparse}
   * @param source how it came there: {@code directly} or {@code through @House}
   */
  public record Item(Declaration declaration, String annotation, String source) {}

  /**
   * One {@code @Schedule} that is not an attribute.
   *
   * @param ramp its values
   * @param source how it came there, as in {@link Item#source()}
   */
  public record Ramp(Declaration.Ramp ramp, String source) {}

  /** The {@link Item#source()} of what the element carries itself. */
  public static final String DIRECTLY = "directly";

  /** The {@link Item#source()} of what a house annotation brings. */
  public static String through(String houseAnnotation) {
    return "through @" + houseAnnotation;
  }

  /** Whether nothing was declared, not even a schedule. */
  public boolean isEmpty() {
    return items.isEmpty() && schedules.isEmpty();
  }
}
