package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.filigree.kernel.KernelSelection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The equivalence test on narrower vectors than this machine has, each in a JVM of its own because
 * the width is fixed at start.
 */
class EveryWidthIT {

  @BeforeAll
  static void onlyWithVectors() {
    assumeTrue(
        Boolean.getBoolean("filigree.test.expectVector"), "this run is for the plain kernels");
  }

  @ParameterizedTest
  @ValueSource(ints = {128, 256, 512})
  void kernelsAgreeWithTheDefinition(int bits) throws IOException, InterruptedException {
    assumeTrue(bits <= ownWidth(), "this machine has no vectors of " + bits + " bit");
    Process process =
        new ProcessBuilder(
                List.of(
                    System.getProperty("java.home") + "/bin/java",
                    "--add-modules",
                    "jdk.incubator.vector",
                    "-XX:MaxVectorSize=" + bits / 8,
                    "-XX:TieredStopAtLevel=4",
                    "-cp",
                    System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")),
                    EveryWidthMain.class.getName(),
                    Integer.toString(bits)))
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    assertThat(output).contains("vector, " + bits + " bit");
  }

  private static int ownWidth() {
    String description = KernelSelection.description();
    return Integer.parseInt(description.replaceAll("\\D", ""));
  }
}
