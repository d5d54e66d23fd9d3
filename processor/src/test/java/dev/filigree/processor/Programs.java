package dev.filigree.processor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.testing.compile.Compilation;
import com.google.testing.compile.Compiler;
import com.google.testing.compile.JavaFileObjects;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.JavaFileObject;

/** Small programs that are compiled with the processor. */
final class Programs {
  /** Marks the line a message belongs to. */
  static final String HERE = "/*here*/";

  private static final Pattern PACKAGE = Pattern.compile("package ([\\w.]+);");
  private static final Pattern TYPE =
      Pattern.compile(
          "(?m)^(?:[\\w@.() =,\"]* )?(?:class|interface|record|enum|@interface) (\\w+)");
  private static final String IMPORTS =
      """
      import ai.djl.nn.*;
      import ai.djl.nn.convolutional.*;
      import ai.djl.nn.core.*;
      import ai.djl.nn.norm.*;
      import ai.djl.nn.recurrent.*;
      import ai.djl.nn.transformer.*;
      import dev.filigree.annotations.*;
      import java.lang.annotation.*;
      import java.util.*;
      """;

  private Programs() {}

  /** A source with the usual imports in front; the marker's line is counted in the whole. */
  static JavaFileObject source(String text) {
    Matcher pkg = PACKAGE.matcher(text);
    String prefix = pkg.find() ? pkg.group(1) + "." : "";
    Matcher type = TYPE.matcher(text);
    assertThat(type.find()).as("a type in the source").isTrue();
    String whole = prefix.isEmpty() ? IMPORTS + text : text.replaceFirst(";\n", ";\n" + IMPORTS);
    return JavaFileObjects.forSourceString(prefix + type.group(1), whole);
  }

  /** A field-by-field class body in a class that stands on AbstractBlock but is abstract. */
  static String block(String body) {
    return "abstract class Net extends AbstractBlock {\n" + body + "\n}\n";
  }

  static Compilation compile(String... sources) {
    return compiler().compile(Arrays.stream(sources).map(Programs::source).toList());
  }

  static Compiler compiler() {
    return Compiler.javac()
        .withClasspath(classPath(true))
        .withOptions("-Xlint:-options")
        .withProcessors(new FiligreeProcessor());
  }

  /** The class path of the tests, with or without DJL. */
  static List<File> classPath(boolean djl) {
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Arrays.stream(path.split(File.pathSeparator))
        .map(File::new)
        .filter(f -> djl || !f.getPath().contains(File.separator + "djl" + File.separator))
        .toList();
  }

  /** Asserts that the program gets this one message at the marked line and nothing else. */
  static void assertOnly(Diagnostic.Kind kind, String text, String... sources) {
    assertAll(List.of(kind + " " + text), sources);
  }

  /**
   * Asserts that the program gets exactly these messages, each {@code KIND text}, and that they
   * stand, in this order, at the marked lines; a line that is marked twice takes two.
   */
  static void assertAll(List<String> expected, String... sources) {
    Compilation compilation = compile(sources);
    List<String> marked = new ArrayList<>();
    int next = 0;
    for (String s : sources) {
      JavaFileObject file = source(s);
      int number = 0;
      for (String line : contents(file).lines().toList()) {
        number++;
        for (int at = line.indexOf(HERE); at >= 0; at = line.indexOf(HERE, at + 1)) {
          String what = next < expected.size() ? expected.get(next++) : "nothing expected";
          marked.add(file.getName() + ":" + number + " " + what);
        }
      }
    }
    assertThat(marked).as("markers").hasSameSizeAs(expected);
    assertThat(compilation.diagnostics().stream().map(Programs::show).toList())
        .containsExactlyInAnyOrderElementsOf(marked);
    boolean fails = expected.stream().anyMatch(e -> e.startsWith("ERROR"));
    assertThat(compilation.status())
        .isEqualTo(fails ? Compilation.Status.FAILURE : Compilation.Status.SUCCESS);
  }

  /** Asserts that a program compiles and javac has nothing to say. */
  static Compilation assertClean(String... sources) {
    Compilation compilation = compile(sources);
    assertThat(compilation.diagnostics().stream().map(Programs::show).toList()).isEmpty();
    return compilation;
  }

  /** The index files of a compilation by name. */
  static Map<String, String> index(Compilation compilation) {
    Map<String, String> out = new TreeMap<>();
    for (JavaFileObject f : compilation.generatedFiles()) {
      int at = f.getName().indexOf("META-INF/filigree/index/");
      if (at >= 0) {
        out.put(f.getName().substring(at), contents(f));
      }
    }
    return out;
  }

  private static String show(Diagnostic<? extends JavaFileObject> d) {
    String where = d.getSource() == null ? "" : d.getSource().getName() + ":" + d.getLineNumber();
    return where + " " + d.getKind() + " " + d.getMessage(Locale.ROOT);
  }

  private static String contents(JavaFileObject file) {
    try {
      return file.getCharContent(false).toString();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
