package dev.filigree.recipe;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.SparsityPlan;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Reads and writes recipes.
 *
 * <pre>{@code
 * weights: wanda:2:4              # all layers, as --weights writes it
 * activation: teal:0.5
 * values: bf16
 * layers:                         # later rules win
 *   - include: "*.down_proj.*"
 *     weights: {criterion: wanda, pattern: unstructured, sparsity: 0.3}
 *   - include: ["*.layers.0.*"]
 *     weights: none
 * }</pre>
 */
public final class Recipes {
  /** Bytes a recipe may have. */
  public static final int MAX_BYTES = 256 * 1024;

  private Recipes() {}

  /**
   * Reads a file.
   *
   * @throws FiligreeException FIL-0404 where it cannot be read, and as {@link #parse}
   */
  public static SparsityPlan read(Path file) {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    } catch (IOException e) {
      String reason =
          Files.isDirectory(file)
              ? "it is a directory"
              : e instanceof NoSuchFileException ? "there is no such file" : e.getMessage();
      throw new FiligreeException(e, Message.FIL_0404, file, reason);
    }
    return parse(file.toString(), bytes);
  }

  /**
   * Reads the bytes of a file.
   *
   * @param name for messages
   * @throws FiligreeException FIL-0840 for what is no text or no recipe at all, FIL-0841, FIL-0845
   *     and FIL-0848 for what is no YAML, too much of it, or twice there, FIL-0842 to FIL-0844 and
   *     FIL-0846 for what a recipe does not have
   */
  public static SparsityPlan parse(String name, byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      throw noRecipe(null, name, "it has more bytes");
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw noRecipe(e, name, "its bytes are no UTF-8");
    }
    return parse(name, text);
  }

  /** The same of a text; a byte order mark before it is skipped. */
  public static SparsityPlan parse(String name, String text) {
    String yaml = text.startsWith("\uFEFF") ? text.substring(1) : text;
    return RecipeReader.plan(
        YamlTree.of(name, yaml).orElseThrow(() -> noRecipe(null, name, "it is empty")));
  }

  /**
   * A plan as a recipe: {@link #parse} makes the same plan of it, but for where its rules stand.
   *
   * @throws IllegalArgumentException where a recipe cannot say it
   */
  public static String write(SparsityPlan plan) {
    return RecipeWriter.text(plan);
  }

  private static FiligreeException noRecipe(Throwable cause, String name, String why) {
    return new FiligreeException(
        cause, Message.FIL_0840, name, why, String.format("%,d", MAX_BYTES));
  }
}
