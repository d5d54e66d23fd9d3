package dev.filigree.processor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.filigree.annotations.Sparse;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jars as a user's build sees them: found by javac itself on the processor path. */
class PackagedProcessorIT {
  @TempDir Path folder;

  @Test
  void runsOnTheJdkTheBuildPromises() {
    assertThat(Runtime.version().feature())
        .isEqualTo(Integer.getInteger("filigree.test.expectJdk"));
  }

  @Test
  void findsAndRunsTheProcessorOfTheJar() throws IOException, URISyntaxException {
    List<Diagnostic<? extends JavaFileObject>> good = compile("0.5");
    assertThat(good).isEmpty();
    assertThat(folder.resolve("META-INF/filigree/index/Net"))
        .content(StandardCharsets.UTF_8)
        .isEqualTo("field\tNet\tlayer\tunstructured 0.5\n");
    List<Diagnostic<? extends JavaFileObject>> bad = compile("1.5");
    assertThat(bad).hasSize(1);
    assertThat(bad.get(0).getKind()).isEqualTo(Diagnostic.Kind.ERROR);
    assertThat(bad.get(0).getLineNumber()).isEqualTo(3);
    assertThat(bad.get(0).getMessage(null)).startsWith("FIL-0101: sparsity is 1.5;");
  }

  /** What is only in class files is read by javac late and lazily. */
  @Test
  void houseAnnotationFromAClassFile() throws IOException, URISyntaxException {
    assertThat(
            compile(
                "House",
                """
                @java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.RUNTIME)
                @dev.filigree.annotations.NMSparse(n = 2, m = 8)
                @dev.filigree.annotations.ActivationSparse(sparsity = 0.5)
                @interface House {}
                """,
                false))
        .isEmpty();
    assertThat(compile("User", "class User { @House ai.djl.nn.core.Linear layer; }", true))
        .isEmpty();
    assertThat(folder.resolve("META-INF/filigree/index/User"))
        .content(StandardCharsets.UTF_8)
        .isEqualTo("field\tUser\tlayer\t2:8 + teal 0.5\n");
    List<Diagnostic<? extends JavaFileObject>> bad =
        compile("Wrong", "class Wrong {\n@House ai.djl.nn.recurrent.LSTM layer;\n}", true);
    assertThat(bad)
        .extracting(d -> d.getMessage(null).substring(0, 8), Diagnostic::getLineNumber)
        .containsExactlyInAnyOrder(tuple("FIL-0130", 2L), tuple("FIL-0131", 2L));
  }

  @Test
  void jarHasWhatBuildToolsLookFor() throws IOException, URISyntaxException {
    Path processor = jarOf(FiligreeProcessor.class);
    assertThat(processor).isRegularFile();
    try (java.util.jar.JarFile jar = new java.util.jar.JarFile(processor.toFile())) {
      assertThat(jar.getManifest().getMainAttributes().getValue("Automatic-Module-Name"))
          .isEqualTo("dev.filigree.processor");
      assertThat(jar.getEntry("META-INF/services/javax.annotation.processing.Processor"))
          .isNotNull();
      assertThat(
              new String(
                  jar.getInputStream(
                          jar.getEntry("META-INF/gradle/incremental.annotation.processors"))
                      .readAllBytes(),
                  StandardCharsets.UTF_8))
          .isEqualTo("dev.filigree.processor.FiligreeProcessor,isolating\n");
    }
  }

  private List<Diagnostic<? extends JavaFileObject>> compile(String sparsity)
      throws IOException, URISyntaxException {
    return compile(
        "Net",
        """
        class Net {
          @dev.filigree.annotations.Sparse(
              sparsity = %s)
          ai.djl.nn.core.Linear layer;
        }
        """
            .formatted(sparsity),
        true);
  }

  private List<Diagnostic<? extends JavaFileObject>> compile(
      String name, String text, boolean withProcessor) throws IOException, URISyntaxException {
    Path source = Files.writeString(folder.resolve(name + ".java"), text);
    String annotations = jarOf(Sparse.class).toString();
    List<String> classPath =
        List.of(annotations, jarOf(ai.djl.nn.Block.class).toString(), folder.toString());
    List<String> options =
        new ArrayList<>(
            List.of("-d", folder.toString(), "-cp", String.join(File.pathSeparator, classPath)));
    if (withProcessor) {
      String processor = jarOf(FiligreeProcessor.class).toString();
      options.addAll(List.of("-processorpath", processor + File.pathSeparator + annotations));
    } else {
      options.add("-proc:none");
    }
    JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
    try (StandardJavaFileManager files = javac.getStandardFileManager(diagnostics, null, null)) {
      boolean ok =
          javac
              .getTask(null, files, diagnostics, options, null, files.getJavaFileObjects(source))
              .call();
      assertThat(ok).isEqualTo(diagnostics.getDiagnostics().isEmpty());
    }
    return diagnostics.getDiagnostics();
  }

  private static Path jarOf(Class<?> c) throws URISyntaxException {
    return Path.of(c.getProtectionDomain().getCodeSource().getLocation().toURI());
  }
}
