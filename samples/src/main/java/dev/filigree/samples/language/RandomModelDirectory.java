package dev.filigree.samples.language;

import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.store.ModelDirectory;
import dev.filigree.file.DType;
import dev.filigree.plan.FiligreeException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * Writes a language model with random weights as a Hugging Face directory: something large to
 * compress, prune and serve where no trained model is at hand. {@code a f32} makes 2.2 GB.
 */
public final class RandomModelDirectory {
  private RandomModelDirectory() {}

  /**
   * @param arguments a shape of {@link RandomModel}, {@code f32}, {@code f16} or {@code bf16}, and
   *     a folder
   */
  @SuppressWarnings("SystemOut") // a program of the command line
  public static void main(String[] arguments) {
    if (arguments.length != 3 || !arguments[1].matches("f32|f16|bf16")) {
      System.err.println("Usage: RandomModelDirectory SHAPE f32|f16|bf16 DIR");
      System.exit(2);
    }
    try {
      ModelDirectory.write(
          Path.of(arguments[2]),
          RandomModel.of(arguments[0], /* seed= */ 0),
          DType.valueOf(arguments[1].toUpperCase(Locale.ROOT)),
          Map.of());
    } catch (FiligreeException e) {
      System.err.println(e.getMessage());
      System.exit(2);
    }
  }
}
