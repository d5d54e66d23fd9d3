package dev.filigree.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are no recipes: one message, soon, whatever they try. */
final class HostileYamlTest {
  @TempDir private Path folder;

  private static String messageOf(String yaml) {
    return messageOf(yaml.getBytes(StandardCharsets.UTF_8));
  }

  private static String messageOf(byte[] bytes) {
    return Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () ->
            catchThrowableOfType(FiligreeException.class, () -> Recipes.parse("r.yaml", bytes))
                .getMessage());
  }

  @Test
  void billionLaughs() {
    StringBuilder yaml = new StringBuilder("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (char c = 'b'; c <= 'j'; c++) {
      String before = "*" + (char) (c - 1);
      yaml.append(c).append(": &").append(c).append(" [").append(before);
      yaml.append((", " + before).repeat(9)).append("]\n");
    }
    assertThat(messageOf(yaml.toString()))
        .isEqualTo(
            "FIL-0845: r.yaml, line 4, column 44: with what aliases repeat, there are more than 10000 values. Write it out; a recipe needs no more than 16 levels and 10000 values.");
  }

  @Test
  void anAliasToItself() {
    assertThat(messageOf("weights: &w {sparsity: *w}"))
        .isEqualTo(
            "FIL-0841: r.yaml, line 1, column 24: this is no YAML: the alias *w names no anchor that ends before it. Write &w before what it is to repeat.");
  }

  @ParameterizedTest
  @CsvSource({"[, 17", "'{a: ', 62", "'- ', 33", "'? ', 33"})
  void deepNesting(String open, int column) {
    assertThat(messageOf(open.repeat(20_000)))
        .isEqualTo(
            "FIL-0845: r.yaml, line 1, column "
                + column
                + ": lists and mappings are nested deeper than 16. Write it out; a recipe needs no more than 16 levels and 10000 values.");
  }

  @Test
  void theSameKeyTwice() {
    assertThat(messageOf("values: f32\nseed: 1\n\"values\": bf16\n"))
        .isEqualTo(
            "FIL-0848: r.yaml, line 3, column 1: the key \"values\" is there twice, first in line 1. Remove one of the two.");
  }

  @Test
  void aKeyThatIsNoText() {
    assertThat(messageOf("? [a, b]\n: c\n"))
        .isEqualTo("FIL-0843: r.yaml, line 1, column 3: a key is a list; legal: a text.");
  }

  @Test
  void tabs() {
    assertThat(messageOf("weights:\n\tsparsity: 0.5\n"))
        .isEqualTo(
            "FIL-0841: r.yaml, line 2, column 1: this is no YAML: a tab stands where blanks belong. Indent with blanks.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "weights: [wanda | line 1, column 16: this is no YAML: expected ',' or ']', but got <stream end>",
        "weights: {a: b: c} | line 1, column 15: this is no YAML: expected ',' or '}', but got :",
        "weights: `a | line 1, column 10: this is no YAML: found character '`' that cannot start any token",
        "weights: *w | line 1, column 10: this is no YAML: the alias *w names no anchor that ends before it",
        "weights: !!java.net.URL [x] | line 1, column 10: this is no YAML: the tag tag:yaml.org,2002:java.net.URL means nothing here",
        "weights: a: b | line 1, column 11: this is no YAML: mapping values are not allowed here",
        "%FOO | line 1, column 5: this is no YAML: expected '<document start>', but found '<stream end>'",
      })
  void noYaml(String yaml, String message) {
    assertThat(messageOf(yaml)).startsWith("FIL-0841: r.yaml, " + message);
  }

  @Test
  void aSecondDocument() {
    assertThat(messageOf("values: f32\n---\nvalues: bf16\n"))
        .isEqualTo(
            "FIL-0841: r.yaml, line 3, column 1: this is no YAML: a second document begins here. Put each recipe into a file of its own.");
  }

  @ParameterizedTest
  @CsvSource(
      value = {"''", "'\n \n'", "'# nothing yet\n'", "'---\n...\n'", "\uFEFF"},
      ignoreLeadingAndTrailingWhitespace = false)
  void nothing(String yaml) {
    assertThat(messageOf(yaml))
        .isIn(
            "FIL-0840: r.yaml is no recipe: it is empty. A recipe is a YAML file in UTF-8 of 262,144 bytes at most; docs/recipes.md shows one.",
            "FIL-0843: r.yaml, line 2, column 1: a recipe is empty; legal: a mapping with version, weights, activation, layers, seed, values, calibration-mode, allocation, on-indivisible.");
  }

  @Test
  void otherBytesThanText() {
    String noUtf8 = "FIL-0840: r.yaml is no recipe: its bytes are no UTF-8.";
    assertThat(messageOf(new byte[] {'a', (byte) 0xC3, '('})).startsWith(noUtf8);
    assertThat(messageOf("values: f32".getBytes(StandardCharsets.UTF_16))).startsWith(noUtf8);
    assertThat(messageOf("values: f32\nseed: \u0001"))
        .startsWith(
            "FIL-0841: r.yaml, line 2, column 7: this is no YAML: the character U+0001 is not allowed in YAML.");
    assertThat(messageOf(new byte[1_000])).startsWith("FIL-0841: r.yaml, line 1, column 1: ");
  }

  @Test
  void tooLong() {
    assertThat(messageOf("# " + "x".repeat(Recipes.MAX_BYTES)))
        .startsWith("FIL-0840: r.yaml is no recipe: it has more bytes. A recipe is");
    assertThat(messageOf("weights: " + "x".repeat(200_000))).hasSizeLessThan(400);
    assertThat(messageOf("k" + "x".repeat(1000) + ": 1")).hasSizeLessThan(400);
    assertThat(messageOf("layers: [" + "a, ".repeat(20_000) + "]"))
        .startsWith("FIL-0845: r.yaml, line 1, column 30007: ");
  }

  @Test
  void filesThatCannotBeRead() throws IOException {
    Path missing = folder.resolve("none.yaml");
    assertThat(catchThrowableOfType(FiligreeException.class, () -> Recipes.read(missing)))
        .hasMessage(
            "FIL-0404: %s: cannot be read: there is no such file. Check the path and its permissions.",
            missing);
    assertThat(catchThrowableOfType(FiligreeException.class, () -> Recipes.read(folder)))
        .hasMessage(
            "FIL-0404: %s: cannot be read: it is a directory. Check the path and its permissions.",
            folder);
    Path file = Files.writeString(folder.resolve("r.yaml"), "values: bf16\n");
    assertThat(Recipes.read(file).options()).hasSize(1);
  }
}
