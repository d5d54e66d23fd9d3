package dev.filigree.plan;

import java.nio.file.Path;

/** Reads recipes. Found as a service, so that who serves models needs no reader of YAML. */
public interface RecipeSource {
  /**
   * Reads a file.
   *
   * @throws FiligreeException FIL-0404 and FIL-0840 to FIL-0848 for what is wrong with it
   */
  SparsityPlan read(Path file);
}
