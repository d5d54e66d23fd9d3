package dev.filigree.processor;

import static dev.filigree.processor.Programs.assertClean;
import static dev.filigree.processor.Programs.assertOnly;
import static dev.filigree.processor.Programs.block;
import static dev.filigree.processor.Programs.classPath;
import static dev.filigree.processor.Programs.compiler;
import static dev.filigree.processor.Programs.index;
import static dev.filigree.processor.Programs.source;
import static javax.tools.Diagnostic.Kind.ERROR;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.testing.compile.Compilation;
import com.google.testing.compile.Compiler;
import com.google.testing.compile.JavaFileObjects;
import java.io.IOException;
import java.io.Writer;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.Messager;
import javax.annotation.processing.ProcessingEnvironment;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the processor behaves among javac, other processors and class paths. */
class ProcessorTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "@Sparse(sparsity = 0) Linear a;",
        "@Sparse(sparsity = 0.999) @Schedule(kind = ScheduleKind.ONE_SHOT, start = 100) Linear a;",
        "@Sparse(sparsity = 0.5, schedule = @Schedule(start = 10, end = 200, every = 5)) Conv2d a;",
        "@Sparse(sparsity = 0.5, granularity = Granularity.BLOCK, block = {16, 1}) LSTM a;",
        "@NMSparse(n = 2, m = 4, training = Training.HARD) GRU a;",
        "@NMSparse(n = 1, m = 16) Conv1d a;",
        "@Sparse(sparsity = 0.5) @ActivationSparse(sparsity = 0.5) Linear a;",
        "@Sparse(sparsity = 0.5) Block a;",
        "@Sparse(sparsity = 0.5) AbstractBlock a;",
        "@ActivationSparse(sparsity = 0.5) SequentialBlock a;",
        "@NMSparse(n = 2, m = 4) TransformerEncoderBlock a;",
        "@NMSparse(n = 2, m = 4) Linear[] a;",
        "@NMSparse(n = 2, m = 4) Linear[][] a;",
        "@NMSparse(n = 2, m = 4) List<? extends Linear> a;",
        "@NMSparse(n = 2, m = 4) Map<String, List<Block>> a;",
        "@NMSparse(n = 2, m = 4) EnumMap<ElementType, Conv2d> a;",
        "static class Layers extends ArrayList<Linear> {} @Sparse(sparsity = 0.5) Layers a;",
        "static class Holder<T extends Block> { @Sparse(sparsity = 0.5) T a; }",
        "static class Holder<T extends Comparable<T> & Block> { @Sparse(sparsity = 0.5) T a; @Sparse(sparsity = 0.5) List<T> b; }",
        "@Sparse(sparsity = 0.5) <T extends Linear> T make() { return null; }",
        "@Sparse(sparsity = 0.5) static Block make() { return null; }",
        "class Mine extends Linear { Mine(Linear.Builder b) { super(b); } } @Sparse(sparsity = 0.5) Mine a;",
        "@SuppressWarnings(\"FIL-0103\") @NMSparse(n = 4, m = 4) Linear a;",
        "@SuppressWarnings({\"FIL-0105\"}) class In { @NMSparse(n = 2, m = 5) Linear a; }",
        "Object o = new Object() { @Deprecated Linear a; };"
      })
  void correctProgramsPassInSilence(String body) {
    assertThat(index(assertClean(block(body))).isEmpty()).isEqualTo(!body.contains("arse"));
  }

  @Test
  void annotatedTypeWithGlobs() {
    assertClean(
        "@Sparse(sparsity = 0.5, include = {\"fc1\", \"body/*\", \"**/head?\"}, exclude = \"body/last\")\n"
            + block("Linear fc2;"));
  }

  @Test
  void checksWithoutCompiling() {
    Compilation c =
        compiler()
            .withOptions("-proc:only")
            .compile(source(block("@Sparse(sparsity = 0.5) Linear a;")));
    assertThat(c.diagnostics()).isEmpty();
    assertThat(index(c)).hasSize(1);
  }

  private static Compiler withoutDjl() {
    return compiler().withClasspath(classPath(false));
  }

  @Test
  void worksWithoutDjl() {
    Compilation c =
        withoutDjl()
            .compile(
                JavaFileObjects.forSourceString(
                    "Holder",
                    """
                import dev.filigree.annotations.*;
                class Holder {
                  @Sparse(sparsity = 0.5) Object layer;
                  @ActivationSparse(sparsity = 0.5) Object make() { return layer; }
                  @NMSparse(n = 2, m = 4) class Inner {}
                }
                """));
    assertThat(c.diagnostics()).isEmpty();
    assertThat(index(c)).hasSize(1);
    Compilation bad =
        withoutDjl()
            .compile(
                JavaFileObjects.forSourceString(
                    "Holder",
                    "class Holder { @dev.filigree.annotations.Sparse(sparsity = 5) Object layer; }"));
    assertThat(bad.errors()).hasSize(1);
    assertThat(bad.errors().get(0).getMessage(Locale.ROOT)).startsWith("FIL-0101");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "@Sparse Linear a;",
        "@Sparse(sparsity = \"much\") Linear a;",
        "@Sparse(sparsity = 0.5, scope = Scope.NONE) Linear a;",
        "@Sparse(sparsity = 0.5) Missing a;",
        "@Sparse(sparsity = 0.5) List<Missing> a;",
        "@Sparse(sparsity = 0.5) Missing make() { return null; }",
        "@Missing @Sparse(sparsity = 0.5) Linear a;",
        "@Sparse(sparsity = 0.5) class In extends Missing {}",
        "@ActivationSparse(sparsity = 0.5, method = ActivationMethod.CATS, gate = \"a\", up = \"b\", down = \"c\") class In extends Missing {}"
      })
  void whatJavacRejectsIsLeftToJavac(String body) {
    Compilation c = Programs.compile(block(body));
    assertThat(c.errors()).isNotEmpty().noneMatch(d -> d.getMessage(Locale.ROOT).contains("FIL-"));
  }

  @Test
  void waitsForTypesThatAreGenerated() {
    Compilation c =
        compiler()
            .withProcessors(
                new FiligreeProcessor(),
                new Generator(
                    "Late", "extends ai.djl.nn.LambdaBlock { Late() { super(x -> x); } }"))
            .compile(source(block("@Sparse(sparsity = 0.5) Late a;")));
    assertThat(c.errors()).hasSize(1);
    assertThat(c.errors().get(0).getMessage(Locale.ROOT)).startsWith("FIL-0125: a is of type Late");
    Compilation good =
        compiler()
            .withProcessors(
                new FiligreeProcessor(),
                new Generator("Late", "{ static final double HALF = 0.5; }"))
            .compile(
                source(
                    block(
                        "@Sparse(sparsity = Late.HALF) Linear a;\nvoid f() { class In { Late l; @Deprecated int x; } }")));
    assertThat(good.diagnostics()).isEmpty();
    assertThat(index(good)).containsValue("field\tNet\ta\tunstructured 0.5\n");
  }

  @Test
  void ownFailureIsAnErrorMessage() {
    List<String> messages = new ArrayList<>();
    Messager messager =
        (Messager)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Messager.class},
                (proxy, method, args) -> {
                  messages.add(args[0] + " " + args[1]);
                  return null;
                });
    ProcessingEnvironment broken =
        (ProcessingEnvironment)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {ProcessingEnvironment.class},
                (proxy, method, args) -> {
                  if (method.getName().equals("getMessager")) {
                    return messager;
                  }
                  throw new IllegalStateException("broken " + method.getName());
                });
    FiligreeProcessor processor = new FiligreeProcessor();
    processor.init(broken);
    assertThat(processor.process(Set.of(), null)).isFalse();
    assertThat(messages).hasSize(1);
    assertThat(messages.get(0))
        .startsWith(
            ERROR
                + " FIL-0140: Internal error in Filigree's processor. Your program may be right: compile it without the processor and report this text.\njava.lang.IllegalStateException: broken getElementUtils")
        .contains("at dev.filigree.processor.internal.Rounds.of(");
  }

  @Test
  void indexThatCannotBeWritten() throws IOException {
    // a second processor takes the name first
    Compilation c =
        compiler()
            .withProcessors(new Squatter("META-INF/filigree/index/Net"), new FiligreeProcessor())
            .compile(source(block("@Sparse(sparsity = 0.5) Linear a;")));
    assertThat(c.errors()).hasSize(1);
    assertThat(c.errors().get(0).getMessage(Locale.ROOT))
        .startsWith("FIL-0141: The index of Net cannot be written: ")
        .endsWith(". Make the class output folder writable.");
  }

  @Test
  void typeAnnotationsAreNotShown() {
    assertOnly(
        ERROR,
        "FIL-0122: a is of type java.lang.String, which is no ai.djl.nn.Block nor a collection, array or map of them. Annotate a layer.",
        "@Target(ElementType.TYPE_USE) @interface Nullable {}\n",
        block("@Sparse(sparsity = 0.5) /*here*/ @Nullable String a;"));
  }

  /** Writes one class in the first round. */
  private static final class Generator extends Once {
    private final String name;
    private final String body;

    Generator(String name, String body) {
      this.name = name;
      this.body = body;
    }

    @Override
    void run() throws IOException {
      try (Writer w = processingEnv.getFiler().createSourceFile(name).openWriter()) {
        w.write("class " + name + " " + body);
      }
    }
  }

  /** Writes one resource in the first round. */
  private static final class Squatter extends Once {
    private final String name;

    Squatter(String name) {
      this.name = name;
    }

    @Override
    void run() throws IOException {
      processingEnv
          .getFiler()
          .createResource(javax.tools.StandardLocation.CLASS_OUTPUT, "", name)
          .openWriter()
          .close();
    }
  }

  private abstract static class Once extends AbstractProcessor {
    private boolean done;

    abstract void run() throws IOException;

    @Override
    public Set<String> getSupportedAnnotationTypes() {
      return Set.of("*");
    }

    @Override
    public SourceVersion getSupportedSourceVersion() {
      return SourceVersion.latestSupported();
    }

    @Override
    public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
      if (!done) {
        done = true;
        try {
          run();
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
      return false;
    }
  }
}
