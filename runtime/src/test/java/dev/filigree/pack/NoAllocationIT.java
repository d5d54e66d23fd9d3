package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** From the packaged jar, on the kernels this run is for. */
class NoAllocationIT {

  @Test
  void productsAllocateNothing() throws IOException, InterruptedException {
    String output = OwnJvm.run(List.of(), NoAllocation.class);
    assertThat(output).contains(": nothing allocated");
    assertThat(output.contains("vector,")).as(output).isEqualTo(OwnJvm.vectors());
  }
}
