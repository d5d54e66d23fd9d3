package dev.filigree.plan;

/**
 * A broken rule and the declaration that breaks it.
 *
 * @param problem the rule
 * @param item index into {@link Declarations#items()}, or {@link #SCHEDULE}
 */
public record Finding(Problem problem, int item) {
  /** The {@link #item()} of a problem with the last of {@link Declarations#schedules()}. */
  public static final int SCHEDULE = -1;
}
