package dev.filigree.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** What the machine can do. */
class MachineProbeTest {

  @Test
  void figuresAreOfAMachineOfThisCentury() {
    MachineProbe probe = MachineProbe.current();
    assertThat(probe.streamGbytesPerSecond(1 << 24, 3)).isBetween(0.05, 1e5);
    assertThat(probe.gflops(3)).isBetween(0.05, 1e6);
  }

  @Test
  void everyWordIsReadOnce() {
    int lines = 3 * ProbeLoops.BLOCK_LINES;
    ByteBuffer memory = AlignedMemory.allocate(64 * lines);
    for (int i = 0; i < memory.limit(); i += 8) {
      memory.putLong(i, i);
    }
    ProbeLoops loops = KernelSelection.probe();
    long n = memory.limit() / 8;
    assertThat(loops.read(memory, 0, lines)).isEqualTo(8 * (n * (n - 1) / 2));
    long first = 8L * ProbeLoops.BLOCK_LINES;
    assertThat(loops.read(memory, 0, ProbeLoops.BLOCK_LINES))
        .isEqualTo(8 * (first * (first - 1) / 2));
  }

  @Test
  void multiplyAddsAreDone() {
    ProbeLoops loops = KernelSelection.probe();
    assertThat(loops.multiplyAdds(1000)).isEqualTo(1000f);
    assertThat(loops.chains()).isGreaterThanOrEqualTo(8);
  }
}
