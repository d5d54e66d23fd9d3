package dev.filigree.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.plan.Setting;
import java.io.File;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged agent on a flat class path. */
class AgentIT {
  private static final String LIGHT = "dev.filigree.hosts.Light";
  private static final String HOST = "dev.filigree.hosts.Host";

  @TempDir static Path folder;
  private static String standIn;

  @BeforeAll
  static void compile() throws Exception {
    standIn = Stand.in(folder);
  }

  @Test
  void theBannerIsAllThatIsOnStandardError() throws Exception {
    Jvm.Result r = light("").lives();
    assertThat(r.errWithoutJvm())
        .singleElement()
        .asString()
        .matches(
            "FIL-0501: Filigree \\S+ on JDK %d, kernels: fake %<d, matched: 1 annotated class: dev.filigree.hosts.Echo."
                .formatted(Runtime.version().feature()));
  }

  @Test
  void enterAndExitSurroundEveryForwardAndAlsoOneThatThrows() throws Exception {
    assertThat(light("").outStarting("").stream().filter(l -> !l.startsWith("host threads")))
        .containsExactly(
            "call enter Echo training=false",
            "call exit Echo",
            "call enter Echo training=true",
            "call exit Echo",
            "host echoed true true",
            "call enter Echo training=false",
            "call exit Echo",
            "host caught forwardInternal",
            "host done");
  }

  @Test
  void everyDispatchPointOfAModelsLife() throws Exception {
    Path saved = folder.resolve("saved");
    Jvm.Result r =
        Jvm.run(
                Jvm.agentOption(""),
                "-cp",
                Jvm.path(standIn, Jvm.hosts(), Jvm.djlWithEngine(), Jvm.filigree()),
                HOST,
                saved.toString())
            .lives();
    assertThat(r.out())
        .containsExactly(
            "call constructed Owner",
            "call returned Owner.make()Lai/djl/nn/Block; true",
            "host made Linear true",
            "call blockSet true",
            "call trainerCreated true",
            "call trainerInitialized true",
            "call collecting tiny",
            // TinyNet overrides the overload with labels and calls super: one pair, not two
            "call enter TinyNet training=true",
            "call enter Linear training=true",
            "call exit Linear",
            "call enter Linear training=true",
            "call exit Linear",
            "call exit TinyNet",
            "call enterStep",
            "call exitStep",
            "call fitStarting 1 ArrayDataset",
            "call collecting tiny",
            "call enter TinyNet training=true",
            "call enter Linear training=true",
            "call exit Linear",
            "call enter Linear training=true",
            "call exit Linear",
            "call exit TinyNet",
            "call enterStep",
            "call exitStep",
            "call trainerClosing true",
            "host zeros 0 of 320",
            "call predictorCreated tiny",
            "call enter TinyNet training=false",
            "call enter Linear training=false",
            "call exit Linear",
            "call enter Linear training=false",
            "call exit Linear",
            "call exit TinyNet",
            "host predicted (1, 3)",
            "call modelSaved true",
            "call enter Linear training=false",
            "call exit Linear",
            "host caught from PyTorch",
            "call modelClosing true",
            "host done");
    assertThat(r.errWithoutJvm())
        .singleElement()
        .asString()
        .contains("2 annotated classes: dev.filigree.hosts.Owner, dev.filigree.hosts.TinyNet.");
  }

  @Test
  void anAnswerReplacesTheBodyAndAStoreGoesIntoIt() throws Exception {
    String path = Jvm.path(standIn, Jvm.hosts(), Jvm.djlWithEngine(), Jvm.filigree());
    Jvm.Result answered =
        Jvm.run(Jvm.agentOption(""), "-Dfake.answer=TinyNet", "-cp", path, HOST + "$Serve");
    assertThat(answered.out())
        .containsSubsequence(
            "call enter TinyNet training=false", "call exit TinyNet", "host predicted (1, 77)")
        .doesNotContain("call enter Linear training=false");
    Jvm.Result viewed =
        Jvm.run(Jvm.agentOption(""), "-Dfake.store=TinyNet", "-cp", path, HOST + "$Serve");
    assertThat(viewed.out())
        .containsSubsequence(
            "call enter TinyNet training=false",
            "call enter Linear training=false other",
            "call exit TinyNet",
            "host predicted (1, 3)");
  }

  @Test
  void enabledFalseSwitchesEverythingOff() throws Exception {
    String off = "FIL-0502: Filigree is switched off (enabled=false).";
    Jvm.Result byArgument = light("=enabled=false").lives();
    assertThat(byArgument.err()).containsExactly(off);
    assertThat(byArgument.outStarting("call")).isEmpty();
    Jvm.Result byProperty = light("", "-Dfiligree.enabled=false").lives();
    assertThat(byProperty.err()).containsExactly(off);
    assertThat(byProperty.outStarting("call")).isEmpty();
    // An argument is stronger than a property.
    assertThat(light("=enabled=true", "-Dfiligree.enabled=false").outStarting("call")).isNotEmpty();
  }

  @Test
  void argumentsBecomeSettingsAndBadOnesAreNamed() throws Exception {
    assertThat(light("=threads=3", "-Dfiligree.threads=5").out()).contains("host threads 3");

    Jvm.Result unknown = light("=treads=3").lives();
    assertThat(unknown.err())
        .containsExactly(
            "FIL-0503: Unknown agent argument \"treads\". Known: " + Setting.keys() + ".");
    assertThat(unknown.outStarting("call")).isEmpty();

    Jvm.Result illegal = light("=gate=perhaps,threads=3").lives();
    assertThat(illegal.err())
        .containsExactly(
            "FIL-0213: filigree.gate = \"perhaps\" is not understood. Legal: auto, off, always-sparse.");
    assertThat(illegal.outStarting("call")).isEmpty();
    assertThat(illegal.out()).contains("host threads null");
  }

  @Test
  void nothingMatchedNamesTheNearestCandidates() throws Exception {
    Jvm.Result r = Jvm.run(Jvm.agentOption(""), "-cp", flat(), LIGHT, "plain").lives();
    assertThat(r.errWithoutJvm()).hasSize(2);
    assertThat(r.errWithoutJvm().get(0)).startsWith("FIL-0501").endsWith("no annotated class.");
    assertThat(r.errWithoutJvm().get(1))
        .startsWith("FIL-0506")
        .contains("Nearest candidates: dev.filigree.hosts.Plain.");
  }

  @Test
  void theIndexNamesClassesThatAreNotLoadedYet() throws Exception {
    Path index = Files.createDirectories(folder.resolve("indexed/META-INF/filigree/index"));
    Files.writeString(index.resolve("example.Later"), "");
    Path jar = folder.resolve("indexed.jar");
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(out)) {
      for (String name : List.of("", "example.AlsoLater")) {
        entries.putNextEntry(new JarEntry("META-INF/filigree/index/" + name));
        entries.closeEntry();
      }
    }
    String indexes = Jvm.path(folder.resolve("indexed").toString(), jar.toString());
    String path = Jvm.path(flat(), indexes);
    assertThat(Jvm.run(Jvm.agentOption(""), "-cp", path, LIGHT).lives().errWithoutJvm())
        .singleElement()
        .asString()
        .endsWith(
            "matched: 3 annotated classes: dev.filigree.hosts.Echo, example.AlsoLater, example.Later.");
    assertThat(Jvm.run(Jvm.agentOption("=dry-run=true"), "-cp", path, LIGHT).lives().err())
        .contains(
            "FIL-0512: Dry run: example.Later is in an index and would be bound when it loads.");
  }

  @Test
  void launcherAgentInAnExecutableJar() throws Exception {
    Path app = folder.resolve("app.jar");
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.put(Attributes.Name.MAIN_CLASS, LIGHT);
    main.putValue("Launcher-Agent-Class", "dev.filigree.agent.FiligreeAgent");
    main.put(
        Attributes.Name.CLASS_PATH,
        Arrays.stream(flat().split(File.pathSeparator, -1))
            .map(e -> Path.of(e).toUri().toString())
            .collect(Collectors.joining(" ")));
    try (JarFile agent = new JarFile(Jvm.agent().toFile());
        OutputStream out = Files.newOutputStream(app);
        JarOutputStream jar = new JarOutputStream(out, manifest)) {
      for (JarEntry e : agent.stream().filter(e -> !e.isDirectory()).toList()) {
        if (!e.getName().equals(JarFile.MANIFEST_NAME)) {
          jar.putNextEntry(new JarEntry(e.getName()));
          agent.getInputStream(e).transferTo(jar);
          jar.closeEntry();
        }
      }
    }
    Jvm.Result r = Jvm.run("-jar", app.toString()).lives();
    assertThat(r.outStarting("call")).hasSize(6);
    assertThat(r.errWithoutJvm()).singleElement().asString().startsWith("FIL-0501");
  }

  @Test
  void aDryRunChangesNothing() throws Exception {
    Jvm.Result r = light("=dry-run=true").lives();
    assertThat(r.outStarting("call")).isEmpty();
    assertThat(r.errWithoutJvm()).allMatch(l -> l.startsWith("FIL-05"));
  }

  private static Jvm.Result light(String arguments, String... options) throws Exception {
    String[] command = new String[options.length + 4];
    System.arraycopy(options, 0, command, 0, options.length);
    command[options.length] = Jvm.agentOption(arguments);
    command[options.length + 1] = "-cp";
    command[options.length + 2] = flat();
    command[options.length + 3] = LIGHT;
    return Jvm.run(command);
  }

  private static String flat() {
    return Jvm.path(standIn, Jvm.hosts(), Jvm.djl(), Jvm.filigree());
  }
}
