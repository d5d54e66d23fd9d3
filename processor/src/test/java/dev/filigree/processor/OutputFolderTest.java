package dev.filigree.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

/** What lies in the class output afterwards, and what build tools are told about it. */
class OutputFolderTest {
  private static final String ONE =
      "class One {\n@Sparse(sparsity = 0.5) Linear a; static class In { @Sparse(sparsity = 0.5) Linear b; }\n}\n";

  @TempDir Path folder;

  @Test
  void aClassWithErrorsGetsNoIndexAndTheOthersKeepTheirs() throws IOException {
    boolean ok =
        compile(
            new ArrayList<>(),
            "class Bad {\n@Sparse(sparsity = 2) Linear a; @Sparse(sparsity = 0.5) Linear b;\n}\n",
            ONE);
    assertThat(ok).isFalse();
    assertThat(folder.resolve("META-INF/filigree/index")).isDirectoryContaining("glob:**One");
    assertThat(folder.resolve("META-INF/filigree/index/Bad")).doesNotExist();
  }

  /** Gradle's isolating mode: each output comes from exactly one source. */
  @Test
  @EnabledForJreRange(min = JRE.JAVA_18, disabledReason = "older javac does not tell the origins")
  void eachIndexFileHasItsClassAsOnlyOrigin() throws IOException {
    List<String> origins = new ArrayList<>();
    boolean ok =
        compile(origins, ONE, "class Two {\n@NMSparse(n = 2, m = 4) Linear a; One one;\n}\n");
    assertThat(ok).isTrue();
    assertThat(origins)
        .containsExactlyInAnyOrder(
            "META-INF/filigree/index/One from [One.java]",
            "META-INF/filigree/index/Two from [Two.java]");
  }

  private boolean compile(List<String> origins, String... sources) throws IOException {
    JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager files = javac.getStandardFileManager(null, null, null)) {
      files.setLocation(StandardLocation.CLASS_PATH, Programs.classPath(true));
      files.setLocation(StandardLocation.CLASS_OUTPUT, List.<File>of(folder.toFile()));
      JavaCompiler.CompilationTask task =
          javac.getTask(
              new StringWriter(),
              new Recorder(files, origins),
              null,
              List.of(),
              null,
              Arrays.stream(sources).map(Programs::source).toList());
      task.setProcessors(List.of(new FiligreeProcessor()));
      return task.call();
    }
  }

  /** Notes which sources javac names as the origin of a resource (JDK 18 and later tell). */
  static final class Recorder extends ForwardingJavaFileManager<JavaFileManager> {
    private final List<String> origins;

    Recorder(JavaFileManager files, List<String> origins) {
      super(files);
      this.origins = origins;
    }

    @SuppressWarnings("unused") // overrides a method that release 17 does not show
    public FileObject getFileForOutputForOriginatingFiles(
        JavaFileManager.Location location, String pkg, String name, FileObject... originating)
        throws IOException {
      List<String> names = Arrays.stream(originating).map(FileObject::getName).toList();
      origins.add(name + " from " + names);
      return getFileForOutput(location, pkg, name, null);
    }
  }
}
