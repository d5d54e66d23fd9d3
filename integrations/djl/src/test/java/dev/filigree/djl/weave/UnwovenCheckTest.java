package dev.filigree.djl.weave;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.plan.AnnotationIndex;
import dev.filigree.plan.FiligreeException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An annotated program without dispatch is noticed when DJL's engine starts. */
class UnwovenCheckTest {
  @TempDir Path classes;
  private final ClassLoader before = Thread.currentThread().getContextClassLoader();

  @AfterEach
  void restore() {
    Thread.currentThread().setContextClassLoader(before);
    System.clearProperty("filigree.unwoven");
  }

  private void program(String... annotated) throws Exception {
    Path folder = Files.createDirectories(classes.resolve(AnnotationIndex.FOLDER));
    for (String name : annotated) {
      Files.writeString(folder.resolve(name), "");
    }
    URL url = classes.toUri().toURL();
    Thread.currentThread().setContextClassLoader(new URLClassLoader(new URL[] {url}, null));
  }

  @Test
  void failsWhereAskedTo() throws Exception {
    program("com.acme.Net", "com.acme.Head");
    System.setProperty("filigree.unwoven", "fail");
    assertThatThrownBy(UnwovenCheck::new)
        .isInstanceOf(FiligreeException.class)
        .hasMessage(
            "FIL-0208: 2 class(es) or models use Filigree, but DJL is not woven, so they run dense. Add"
                + " -javaagent:filigree-agent.jar, or call FiligreeAgent.attach() first, or set filigree.unwoven=attach.");
  }

  @Test
  void staysQuietWithoutAnnotatedClassesAndWhenTold() throws Exception {
    program();
    System.setProperty("filigree.unwoven", "fail");
    assertThat(new UnwovenCheck().getEngine()).isNull();
    program("com.acme.Net");
    System.setProperty("filigree.unwoven", "ignore");
    assertThat(new UnwovenCheck().getEngine()).isNull();
  }
}
