package dev.filigree.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged agent where DJL, Filigree and the application are in different class loaders. */
class LoadersIT {
  private static final String LIGHT = "dev.filigree.hosts.Light";

  @TempDir static Path folder;
  private static String standIn;
  private static String launcher;

  @BeforeAll
  static void prepare() throws Exception {
    standIn = Stand.in(folder);
    Path classes = folder.resolve("launcher/dev/filigree/hosts");
    Files.createDirectories(classes);
    try (Stream<Path> files = Files.list(Path.of(Jvm.hosts(), "dev/filigree/hosts"))) {
      for (Path f : files.toList()) {
        if (f.getFileName().toString().matches("(Launcher|NestedJars).*\\.class")) {
          Files.copy(f, classes.resolve(f.getFileName()));
        }
      }
    }
    launcher = folder.resolve("launcher").toString();
  }

  @Test
  void filigreeBesideDjlInAChildLoaderIsUsed() throws Exception {
    Jvm.Result r =
        launch(
                Jvm.agent(),
                List.of("loader", "app", "platform", Jvm.path(standIn, Jvm.hosts(), Jvm.djl())),
                List.of("run", "app", LIGHT))
            .lives();
    assertThat(r.outStarting("call")).hasSize(6);
    assertThat(r.errWithoutJvm()).singleElement().asString().contains("kernels: fake");
  }

  @Test
  void executableJarOfJars() throws Exception {
    Jvm.Result r =
        launch(
                Jvm.agent(),
                List.of("nested", "boot", "system", jarOfJars().toString()),
                List.of("run", "boot", LIGHT))
            .lives();
    assertThat(r.outStarting("call")).hasSize(6);
    assertThat(r.errWithoutJvm()).singleElement().asString().contains("Echo.");
  }

  @Test
  void djlWithoutFiligreeIsServedByTheAgentsOwnCopy() throws Exception {
    for (String parent : List.of("platform", "system")) {
      Jvm.Result r =
          launch(
                  Jvm.agent(),
                  List.of("loader", "djl", parent, Jvm.djl()),
                  List.of("loader", "app", "djl", Jvm.hosts()),
                  List.of("run", "app", LIGHT))
              .lives();
      assertThat(r.errWithoutJvm())
          .singleElement()
          .asString()
          .startsWith("FIL-0501")
          .doesNotContain("fake")
          .endsWith("matched: 1 annotated class: dev.filigree.hosts.Echo.");
    }
  }

  @Test
  void theAgentsOwnCopyBindsAndFindsItsVectorKernels() throws Exception {
    boolean vector = Boolean.getBoolean("filigree.test.expectVector");
    List<String> command = new ArrayList<>();
    if (vector) {
      command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    }
    command.addAll(List.of(Jvm.agentOption(""), "-cp", launcher, "dev.filigree.hosts.Launcher"));
    command.addAll(List.of("loader", "djl", "system", Jvm.djlWithEngine()));
    command.addAll(List.of("loader", "app", "djl", Jvm.hosts()));
    command.addAll(List.of("run", "app", "dev.filigree.hosts.Host"));
    Jvm.Result r = Jvm.run(command.toArray(String[]::new)).lives();
    // floor(5 inputs * 0.5) = 2 of every one of 64 rows
    assertThat(r.out()).contains("host zeros 128 of 320");
    assertThat(r.errWithoutJvm())
        .filteredOn(l -> l.startsWith("FIL-0501"))
        .singleElement()
        .asString()
        .contains(vector ? "kernels: vector" : "kernels: plain");
  }

  @Test
  void djlWithoutAnyFiligreeRunsUntouched() throws Exception {
    Jvm.Result r =
        launch(
                withoutNestedCopy(),
                List.of("loader", "djl", "platform", Jvm.djl()),
                List.of("loader", "app", "djl", Jvm.hosts()),
                List.of("run", "app", LIGHT))
            .lives();
    assertThat(r.errWithoutJvm())
        .singleElement()
        .asString()
        .startsWith("FIL-0504")
        .contains("class loader 'djl'");
  }

  @Test
  void anotherVersionOfFiligreeIsNotCalled() throws Exception {
    Path old = Files.createDirectories(folder.resolve("old"));
    String lacking =
        Stand.in(old, source -> source.replace("void exitForward", "void leaveForward"));
    Jvm.Result r =
        launch(
                Jvm.agent(),
                List.of("loader", "app", "platform", Jvm.path(lacking, Jvm.hosts(), Jvm.djl())),
                List.of("run", "app", LIGHT))
            .lives();
    assertThat(r.outStarting("call")).isEmpty();
    assertThat(r.errWithoutJvm())
        .singleElement()
        .asString()
        .startsWith("FIL-0504")
        .contains("exitForward(Lai/djl/nn/Block;)V");
  }

  @Test
  void twoCopiesOfDjlHaveAHandlerEach() throws Exception {
    Jvm.Result r =
        launch(
                Jvm.agent(),
                List.of("loader", "one", "platform", Jvm.path(standIn, Jvm.hosts(), Jvm.djl())),
                List.of("loader", "two", "platform", Jvm.path(standIn, Jvm.hosts(), Jvm.djl())),
                List.of("run", "one", LIGHT),
                List.of("run", "two", LIGHT))
            .lives();
    assertThat(r.outStarting("call")).hasSize(12);
    assertThat(r.errWithoutJvm()).as("one banner for both").hasSize(1);
  }

  @Test
  void anApplicationsOwnCopyBelowDjlIsRefused() throws Exception {
    Jvm.Result r =
        launch(
                Jvm.agent(),
                List.of("loader", "shared", "platform", Jvm.djl()),
                List.of("loader", "web", "shared", Jvm.path(standIn, Jvm.hosts())),
                List.of("run", "web", LIGHT))
            .lives();
    assertThat(r.outStarting("call")).isEmpty();
    assertThat(r.errWithoutJvm())
        .singleElement()
        .asString()
        .startsWith("FIL-0505")
        .contains("class loader 'web'", "class loader 'shared'");
  }

  @Test
  void aLoaderThatHidesTheHookIsNotWoven() throws Exception {
    Jvm.Result r =
        launch(
                Jvm.agent(),
                List.of("hiding", "bundle", "platform", Jvm.path(standIn, Jvm.hosts(), Jvm.djl())),
                List.of("run", "bundle", LIGHT))
            .lives();
    assertThat(r.outStarting("call")).isEmpty();
    assertThat(r.errWithoutJvm())
        .singleElement()
        .asString()
        .startsWith("FIL-0504")
        .contains("class loader 'bundle'", "dev.filigree.agent.hook");
  }

  @SafeVarargs
  private static Jvm.Result launch(Path agent, List<String>... steps) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("-javaagent:" + agent, "-cp", launcher, "dev.filigree.hosts.Launcher"));
    for (List<String> step : steps) {
      command.addAll(step);
    }
    return Jvm.run(command.toArray(String[]::new));
  }

  private static Path jarOfJars() throws IOException {
    Path file = folder.resolve("boot.jar");
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out)) {
      for (String lib : Jvm.djl().split(File.pathSeparator, -1)) {
        Path path = Path.of(lib);
        jar.putNextEntry(new JarEntry("BOOT-INF/lib/" + path.getFileName()));
        Files.copy(path, jar);
        jar.closeEntry();
      }
      for (String classes : List.of(standIn, Jvm.hosts())) {
        addClasses(jar, Path.of(classes));
      }
    }
    return file;
  }

  private static void addClasses(JarOutputStream jar, Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path f : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        String name = root.relativize(f).toString().replace('\\', '/');
        jar.putNextEntry(new JarEntry("BOOT-INF/classes/" + name));
        Files.copy(f, jar);
        jar.closeEntry();
      }
    }
  }

  private static Path withoutNestedCopy() throws IOException {
    Path file = folder.resolve("thin-agent.jar");
    try (JarFile whole = new JarFile(Jvm.agent().toFile());
        OutputStream out = Files.newOutputStream(file);
        JarOutputStream thin = new JarOutputStream(out, whole.getManifest())) {
      for (Enumeration<JarEntry> entries = whole.entries(); entries.hasMoreElements(); ) {
        JarEntry e = entries.nextElement();
        if (e.getName().endsWith(".class")) {
          thin.putNextEntry(new JarEntry(e.getName()));
          try (InputStream in = whole.getInputStream(e)) {
            in.transferTo(thin);
          }
          thin.closeEntry();
        }
      }
    }
    return file;
  }
}
