package dev.filigree.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import javax.tools.ToolProvider;

/** Compiles the stand-in for Filigree's DJL side, which tells what woven code calls. */
final class Stand {
  private Stand() {}

  /** A folder with the compiled stand-in. */
  static String in(Path folder) throws IOException {
    return in(folder, UnaryOperator.identity());
  }

  /** A folder with the stand-in compiled from an edited source. */
  static String in(Path folder, UnaryOperator<String> edit) throws IOException {
    String source;
    try (InputStream in = Stand.class.getResourceAsStream("/fake/WovenCalls.java")) {
      source = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    Path file = folder.resolve("WovenCalls.java");
    Files.writeString(file, edit.apply(source));
    Path classes = Files.createDirectories(folder.resolve("stand-in"));
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-nowarn",
                "-cp",
                Jvm.djl(),
                "-d",
                classes.toString(),
                file.toString());
    assertThat(status).isZero();
    return classes.toString();
  }
}
