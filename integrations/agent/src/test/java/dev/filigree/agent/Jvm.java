package dev.filigree.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Runs programs in JVMs of their own, the same Java as the test's. */
final class Jvm {
  /** What a finished program left. */
  record Result(int status, List<String> out, List<String> err) {
    /** What the program or the stand-in for Filigree printed that starts so. */
    List<String> outStarting(String prefix) {
      return out.stream().filter(l -> l.startsWith(prefix)).toList();
    }

    /** Standard error without the JVM's own lines. */
    List<String> errWithoutJvm() {
      return err.stream().filter(Predicate.not(Jvm::isFromJvm)).toList();
    }

    /** Checks that the program ran to its end. */
    Result lives() {
      assertThat(out).as("err: %s", err).contains("host done");
      assertThat(status).isZero();
      return this;
    }
  }

  private Jvm() {}

  /** The java program. */
  static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /** The packaged agent. */
  static Path agent() {
    try (Stream<Path> files = Files.list(Path.of("target"))) {
      return files
          .filter(f -> f.getFileName().toString().matches("filigree-agent-[^/]*\\.jar"))
          .findFirst()
          .orElseThrow()
          .toAbsolutePath();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The option that starts it, with arguments such as {@code =enabled=false}, or none. */
  static String agentOption(String arguments) {
    return "-javaagent:" + agent() + arguments;
  }

  /** Our test classes: the host programs. */
  static String hosts() {
    return Path.of("target", "test-classes").toAbsolutePath().toString();
  }

  /** DJL's interface and what it needs: no engine. */
  static String djl() {
    return classPath(
        "api-", "gson-", "jna-", "commons-compress-", "commons-io-", "slf4j-", "commons-codec-");
  }

  /** DJL with the PyTorch engine. */
  static String djlWithEngine() {
    return djl() + File.pathSeparator + classPath("pytorch-");
  }

  /** Filigree's own jars, for a host that depends on it. */
  static String filigree() {
    return classPath(
        "filigree-annotations", "filigree-runtime", "filigree-djl", "guava", "failureaccess");
  }

  private static String classPath(String... prefixes) {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .filter(
            e -> Arrays.stream(prefixes).anyMatch(Path.of(e).getFileName().toString()::startsWith))
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** Joins class path entries. */
  static String path(String... entries) {
    return String.join(File.pathSeparator, entries);
  }

  /** Starts a program with the switches that keep DJL off the network. */
  static Process start(Path err, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(java());
    if (Runtime.version().feature() >= 24) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dai.djl.offline=true",
            "-DOPT_OUT_TRACKING=true"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    return builder.redirectError(err.toFile()).start();
  }

  /** Runs a program to its end. */
  static Result run(String... arguments) throws IOException, InterruptedException {
    Path err = Files.createTempFile("err", ".txt");
    try {
      Process process = start(err, arguments);
      List<String> out =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .toList();
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
      return new Result(process.exitValue(), out, Files.readAllLines(err));
    } finally {
      Files.delete(err);
    }
  }

  private static boolean isFromJvm(String line) {
    return line.startsWith("OpenJDK 64-Bit Server VM warning: Sharing is only supported for boot")
        || line.startsWith("WARNING: A Java agent has been loaded dynamically")
        || line.startsWith("WARNING: If a serviceability tool is")
        || line.startsWith("WARNING: Dynamic loading of agents")
        || line.isBlank();
  }
}
