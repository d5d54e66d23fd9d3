package dev.filigree.file;

import java.util.List;

/**
 * What a check of a packed file found.
 *
 * @param broken each thing that does not hold, tensor or part of the file first; empty where all is
 *     well
 */
public record Verification(List<String> broken) {
  /** Whether every check held. */
  public boolean ok() {
    return broken.isEmpty();
  }
}
