package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * From the packaged jar, on the kernels this run is for. What the compiler makes of a loop depends
 * on what it compiled before, so up to three JVMs are tried: an allocation of our own would be
 * there in every one.
 */
class NoAllocationIT {
  private static final int JVMS = 3;

  @Test
  void productsAllocateNothing() throws IOException, InterruptedException {
    String output = output(JVMS);
    assertThat(output).contains(": nothing allocated");
    assertThat(output.contains("vector,")).as(output).isEqualTo(OwnJvm.vectors());
  }

  private static String output(int tries) throws IOException, InterruptedException {
    try {
      return OwnJvm.run(List.of(), NoAllocation.class);
    } catch (AssertionError e) {
      if (tries == 1) {
        throw e;
      }
      return output(tries - 1);
    }
  }
}
