package dev.filigree.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The jar as it is documented: it lists the families, starts a fork and measures. */
class BenchmarksIT {

  @Test
  void everyFamilyIsInTheJar() throws Exception {
    String listed = run("-l");
    for (String family :
        List.of(
            "DenseBenchmark.multiply",
            "ColumnsBenchmark.multiplyActive",
            "BitmapBenchmark.multiply",
            "CsrBenchmark.multiply",
            "SellBenchmark.multiply",
            "StripsBenchmark.multiply",
            "GatedFeedForwardBenchmark.multiplyGated")) {
      assertThat(listed).contains(family);
    }
  }

  @Test
  void oneMeasuresOnTheVectorKernels() throws Exception {
    String printed =
        run(
            "CsrBenchmark",
            "-wi",
            "0",
            "-i",
            "1",
            "-r",
            "100ms",
            "-p",
            "rows=64",
            "-p",
            "cols=64",
            "-p",
            "sparsity=0.5",
            "-p",
            "batch=1",
            "-p",
            "coldMib=0");
    assertThat(printed).containsPattern("CsrBenchmark.multiply.* avgt .*us/op");
    assertThat(printed).contains("# Kernels: vector");
    assertThat(printed).doesNotContain("ERROR").doesNotContain("<failure>");
  }

  private static String run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-jar");
    command.add(Path.of("target", "benchmarks.jar").toAbsolutePath().toString());
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed;
    try (var in = process.getInputStream()) {
      printed = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    assertThat(process.waitFor()).as(printed).isZero();
    return printed;
  }
}
