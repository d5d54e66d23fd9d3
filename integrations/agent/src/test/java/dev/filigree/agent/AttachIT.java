package dev.filigree.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged agent coming to programs that run already. */
class AttachIT {
  @TempDir static Path folder;
  private static String standIn;

  @BeforeAll
  static void compile() throws Exception {
    standIn = Stand.in(folder);
  }

  @Test
  void selfAttachWeavesWhatIsLoadedAlready() throws Exception {
    Jvm.Result r =
        Jvm.run(
                "-cp",
                Jvm.path(standIn, Jvm.hosts(), Jvm.djl(), Jvm.filigree(), Jvm.agent().toString()),
                "dev.filigree.hosts.SelfAttach")
            .lives();
    assertThat(r.out())
        .containsExactly(
            "host echoed true true",
            "host attaches",
            "call enter Echo training=false",
            "call exit Echo",
            "call enter Echo training=true",
            "call exit Echo",
            "host echoed true true",
            "host done");
    assertThat(r.errWithoutJvm())
        .singleElement()
        .asString()
        .contains("1 annotated class: dev.filigree.hosts.Echo.");
  }

  @Test
  void selfAttachSaysWhyWhereItIsForbidden() throws Exception {
    Jvm.Result r =
        Jvm.run(
            "-XX:+DisableAttachMechanism",
            "-cp",
            Jvm.path(standIn, Jvm.hosts(), Jvm.djl(), Jvm.filigree(), Jvm.agent().toString()),
            "dev.filigree.hosts.SelfAttach");
    assertThat(r.status()).isNotZero();
    assertThat(String.join("\n", r.err()))
        .contains("FIL-0508: Self-attach is not possible: ", "-javaagent:" + Jvm.agent());
  }

  @Test
  void attachByProcessId() throws Exception {
    Path err = folder.resolve("err");
    Process host =
        Jvm.start(
            err,
            "-cp",
            Jvm.path(standIn, Jvm.hosts(), Jvm.djl(), Jvm.filigree()),
            "dev.filigree.hosts.Waiting");
    try (BufferedReader out = host.inputReader();
        OutputStream in = host.getOutputStream()) {
      readUntil(out, "host ready");

      List<String> dry = FiligreeAgent.attach(host.pid(), Map.of("dry-run", "true"));
      assertThat(dry)
          .anyMatch(
              l ->
                  l.equals(
                      "FIL-0512: Dry run: dev.filigree.hosts.Echo would be bound: field unused."))
          .anyMatch(l -> l.contains("would be served by the Filigree beside it"));
      forward(in);
      assertThat(readUntil(out, "host forwarded")).containsExactly("host echoed true true");

      assertThat(FiligreeAgent.attach(host.pid(), Map.of("threads", "2")))
          .singleElement()
          .asString()
          .startsWith("FIL-0501");
      forward(in);
      assertThat(readUntil(out, "host forwarded"))
          .containsExactly(
              "call enter Echo training=false",
              "call exit Echo",
              "call enter Echo training=true",
              "call exit Echo",
              "host echoed true true");

      assertThat(FiligreeAgent.attach(host.pid(), Map.of()))
          .containsExactly(Message.FIL_0514.text());
    } finally {
      host.destroy();
      host.waitFor();
    }
    assertThat(Files.readAllLines(err)).anyMatch(l -> l.startsWith("FIL-0501"));
  }

  @Test
  void whatCannotBeDoneIsSaid() {
    assertThatThrownBy(() -> FiligreeAgent.attach(1, Map.of("treads", "1")))
        .isInstanceOf(FiligreeException.class)
        .hasMessageStartingWith("FIL-0503");
    assertThatThrownBy(() -> FiligreeAgent.attach(Integer.MAX_VALUE, Map.of()))
        .isInstanceOf(FiligreeException.class)
        .hasMessageStartingWith("FIL-0507: Cannot attach to process " + Integer.MAX_VALUE);
  }

  private static void forward(OutputStream in) throws IOException {
    in.write('\n');
    in.flush();
  }

  private static List<String> readUntil(BufferedReader out, String last) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line = out.readLine(); !last.equals(line); line = out.readLine()) {
      assertThat(line).as("the host ended after %s", lines).isNotNull();
      lines.add(line);
    }
    return lines;
  }
}
