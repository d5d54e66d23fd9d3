package dev.filigree.recipe;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.filigree.plan.FiligreeException;

/**
 * Whatever the bytes: a plan, or the exception that is meant for it. Runs the kept inputs
 * (src/test/resources); with {@code JAZZER_FUZZ=1} it looks for new ones.
 */
final class RecipeFuzzTest {
  @FuzzTest(maxDuration = "2m")
  void anyBytes(byte[] data) {
    try {
      Recipes.write(Recipes.parse("r.yaml", data));
    } catch (FiligreeException e) {
      if (!e.getMessage().contains("r.yaml")) {
        throw new IllegalStateException("no file in: " + e.getMessage());
      }
    }
  }
}
