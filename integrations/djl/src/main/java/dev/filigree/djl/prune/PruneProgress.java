package dev.filigree.djl.prune;

import java.time.Duration;

/** Hears how far a calibration or a search is. */
@FunctionalInterface
public interface PruneProgress {

  /** Says nothing. */
  PruneProgress NONE = (task, done, total, left) -> {};

  /**
   * @param task what is being done
   * @param done steps done; 0 before the start, when {@code left} is the estimate for all of it
   * @param total steps of the task
   * @param left estimated time to its end
   */
  void at(String task, long done, long total, Duration left);
}
