package dev.filigree.processor.internal;

import dev.filigree.plan.AnnotationIndex;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.Declarations;
import dev.filigree.plan.Message;
import dev.filigree.plan.PlanRules;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.annotation.processing.Filer;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.Elements;
import javax.tools.StandardLocation;

/**
 * Writes one index file per top-level class, so that build tools can compile classes one by one.
 */
final class IndexWriter {
  private final Elements elements;
  private final Filer filer;

  IndexWriter(Elements elements, Filer filer) {
    this.elements = elements;
    this.filer = filer;
  }

  /**
   * Writes the file of a class; house annotations are not indexed, only their uses.
   *
   * @return what went wrong, if anything
   */
  Optional<String> write(TypeElement topLevel, List<DeclaredElement> declared) {
    String text =
        declared.stream()
            .filter(d -> d.element().getKind() != ElementKind.ANNOTATION_TYPE)
            .map(this::line)
            .collect(Collectors.joining());
    if (text.isEmpty()) {
      return Optional.empty();
    }
    String name = elements.getBinaryName(topLevel).toString();
    try (OutputStream out =
        filer
            .createResource(
                StandardLocation.CLASS_OUTPUT, "", AnnotationIndex.FOLDER + "/" + name, topLevel)
            .openOutputStream()) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(Message.FIL_0141.text(name, e.getMessage()));
    }
  }

  private String line(DeclaredElement d) {
    Element e = d.element();
    String plan =
        d.declarations().items().stream()
            .map(Declarations.Item::declaration)
            .sorted(Comparator.comparing(Declaration.Activations.class::isInstance))
            .map(PlanRules::text)
            .collect(Collectors.joining(" + "));
    if (e instanceof TypeElement type) {
      return "type\t" + elements.getBinaryName(type) + "\t\t" + plan + "\n";
    }
    TypeElement owner = (TypeElement) e.getEnclosingElement();
    String kind = e.getKind() == ElementKind.METHOD ? "method" : "field";
    return kind
        + "\t"
        + elements.getBinaryName(owner)
        + "\t"
        + e.getSimpleName()
        + "\t"
        + plan
        + "\n";
  }
}
