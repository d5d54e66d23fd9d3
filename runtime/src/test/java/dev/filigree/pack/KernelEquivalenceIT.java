package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.kernel.KernelSelection;
import org.junit.jupiter.api.Test;

/** From the packaged jar: with vector kernels where this run is to have them. */
class KernelEquivalenceIT extends KernelEquivalence {

  @Test
  void runsTheKernelsThisRunIsFor() {
    boolean expectVector = Boolean.getBoolean("filigree.test.expectVector");
    assertThat(KernelSelection.description())
        .startsWith(expectVector ? "vector, " : "plain Java loops (");
    if (!expectVector) {
      String remedy =
          Runtime.version().feature() >= 25
              ? "--add-modules jdk.incubator.vector"
              : "JDK 25 has vector kernels";
      assertThat(KernelSelection.description()).contains(remedy);
    }
  }
}
