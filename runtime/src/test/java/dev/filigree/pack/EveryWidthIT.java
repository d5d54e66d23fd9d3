package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.filigree.kernel.KernelSelection;
import java.io.IOException;
import java.util.List;
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
    assumeTrue(OwnJvm.vectors(), "this run is for the plain kernels");
  }

  @ParameterizedTest
  @ValueSource(ints = {128, 256, 512})
  void kernelsAgreeWithTheDefinition(int bits) throws IOException, InterruptedException {
    assumeTrue(bits <= ownWidth(), "this machine has no vectors of " + bits + " bit");
    String output =
        OwnJvm.run(
            List.of("-XX:MaxVectorSize=" + bits / 8, "-XX:TieredStopAtLevel=4"),
            EveryWidthMain.class,
            Integer.toString(bits));
    assertThat(output).contains("vector, " + bits + " bit");
  }

  private static int ownWidth() {
    String description = KernelSelection.description();
    return Integer.parseInt(description.replaceAll("\\D", ""));
  }
}
