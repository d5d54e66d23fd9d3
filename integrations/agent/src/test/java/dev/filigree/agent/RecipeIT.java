package dev.filigree.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code recipe=FILE} makes a model sparse that knows nothing of Filigree. */
class RecipeIT {
  private static final String HOST = "dev.filigree.hosts.Unannotated";

  @TempDir private Path folder;

  private Path recipe(String text) throws Exception {
    return Files.writeString(folder.resolve("r.yaml"), text);
  }

  @Test
  void theAgentsOwnCopyReadsIt() throws Exception {
    Path recipe =
        recipe(
            """
            layers:
              - include: 01Linear
                weights: {n: 2, m: 4, training: hard}
            """);
    String path = Jvm.path(Jvm.hosts(), Jvm.djlWithEngine());
    Jvm.Result r = Jvm.run(Jvm.agentOption("=recipe=" + recipe), "-cp", path, HOST).lives();
    assertThat(r.out()).contains("host zeros 256 of 512");
    assertThat(r.errWithoutJvm())
        .filteredOn(l -> l.startsWith("FIL-"))
        .singleElement()
        .asString()
        .startsWith("FIL-0501")
        .endsWith("matched: no annotated class, recipe " + recipe + ".");
    // An argument is stronger than a property.
    Jvm.Result none =
        Jvm.run(Jvm.agentOption("=recipe=none"), "-Dfiligree.recipe=" + recipe, "-cp", path, HOST)
            .lives();
    assertThat(none.out()).contains("host zeros 0 of 512");
  }

  @Test
  void aMistakeStopsTheTrainingAndIsNamed() throws Exception {
    Path recipe = recipe("layers:\n  - include: a\n    wheights: none\n");
    Jvm.Result r =
        Jvm.run(
            Jvm.agentOption(""),
            "-Dfiligree.recipe=" + recipe,
            "-cp",
            Jvm.path(Jvm.hosts(), Jvm.djlWithEngine()),
            HOST);
    assertThat(r.status()).isNotZero();
    assertThat(String.join("\n", r.err()))
        .contains("FIL-0842: " + recipe + ", line 3, column 5: a rule has no key \"wheights\".")
        .contains("Did you mean weights?");
  }

  @Test
  void withoutAReaderOneMessageSaysWhatIsMissing() throws Exception {
    Path recipe = recipe("weights: magnitude:2:4\n");
    Jvm.Result r =
        Jvm.run(
            Jvm.agentOption("=recipe=" + recipe),
            "-cp",
            Jvm.path(Jvm.hosts(), Jvm.djlWithEngine(), Jvm.filigree()),
            HOST);
    assertThat(r.status()).isNotZero();
    assertThat(String.join("\n", r.err()))
        .contains("FIL-0849: The recipe " + recipe + " cannot be read")
        .contains("filigree-recipe and snakeyaml-engine");
  }
}
