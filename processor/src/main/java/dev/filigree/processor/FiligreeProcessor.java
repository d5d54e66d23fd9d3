package dev.filigree.processor;

import dev.filigree.plan.Message;
import dev.filigree.processor.internal.Rounds;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Set;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;
import javax.tools.Diagnostic;

/**
 * Checks Filigree's annotations while the program is compiled, and writes one index file for each
 * top-level class that has any.
 *
 * <p>An annotation type of the user's own may carry ours (a house annotation), so every annotation
 * has to be looked at; none is claimed. What a declaration must obey is written in {@code
 * dev.filigree.plan}, where the runtime reads it too. Here stand only the questions that need the
 * program's text: what type a field has, whether it is static, whether CATS names fields that
 * exist.
 *
 * <p>A warning is switched off by {@code @SuppressWarnings} with its tag, for example
 * {@code @SuppressWarnings("FIL-0105")}.
 *
 * <p>Since JDK 23 javac runs a processor only when it is asked to: put {@code filigree-processor}
 * on the processor path.
 *
 * <p>The index file of class {@code p.Net} is {@code META-INF/filigree/index/p.Net} in the class
 * output: UTF-8, one line per annotated element, four columns divided by tabs: {@code type}, {@code
 * field} or {@code method}; the binary name of the class it stands in (for a type, its own); the
 * name of the field or method, empty for a type; and what is declared in short, for example {@code
 * unstructured 0.8 + teal 0.5}. The class comes first, then its fields and methods in the order of
 * the source, then its nested classes in the same way.
 */
public final class FiligreeProcessor extends AbstractProcessor {
  private Rounds rounds;

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
    try {
      if (rounds == null) {
        rounds = Rounds.of(processingEnv);
      }
      rounds.process(annotations, round);
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace));
      processingEnv
          .getMessager()
          .printMessage(Diagnostic.Kind.ERROR, Message.FIL_0140.text(trace.toString().strip()));
    }
    return false;
  }
}
