package dev.filigree.processor.internal;

import dev.filigree.plan.Message;
import dev.filigree.plan.Problem;
import java.util.List;
import java.util.Map;
import javax.annotation.processing.Messager;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.Element;
import javax.tools.Diagnostic;

/** Puts messages where they belong: at the value; where that is a default, at the annotation. */
final class Reporter {
  private final Messager messager;

  Reporter(Messager messager) {
    this.messager = messager;
  }

  /** Messages about one element. */
  Scope on(DeclaredElement declared) {
    return new Scope(declared.element());
  }

  /** An error about an element as a whole. */
  void error(Element element, String text) {
    messager.printMessage(Diagnostic.Kind.ERROR, text, element);
  }

  /** Messages about one element; remembers whether there was an error. */
  final class Scope {
    private final Element element;
    private boolean errors;

    private Scope(Element element) {
      this.element = element;
    }

    boolean hasErrors() {
      return errors;
    }

    /** Reports a broken rule at the attribute it is about. */
    void problem(DeclaredElement.Place place, Problem p) {
      print(place, p.attribute(), p.message(), p.text());
    }

    /** Reports a message at an attribute, or at the whole annotation where it is empty. */
    void problem(DeclaredElement.Place place, String attribute, Message message, Object... args) {
      print(place, attribute, message, message.text(args));
    }

    /** Whether {@code @SuppressWarnings("FIL-0105")} stands here or around. */
    private boolean isSuppressed(Message message) {
      for (Element e = element; e != null; e = e.getEnclosingElement()) {
        SuppressWarnings suppressed = e.getAnnotation(SuppressWarnings.class);
        if (suppressed != null && List.of(suppressed.value()).contains(message.tag())) {
          return true;
        }
      }
      return false;
    }

    private void print(
        DeclaredElement.Place place, String attribute, Message message, String text) {
      boolean error = message.severity() == Message.Severity.ERROR;
      if (!error && isSuppressed(message)) {
        return;
      }
      errors |= error;
      Diagnostic.Kind kind = error ? Diagnostic.Kind.ERROR : Diagnostic.Kind.WARNING;
      AnnotationMirror a = place.written();
      AnnotationValue value = place.direct() && !attribute.isEmpty() ? written(a, attribute) : null;
      if (value == null) {
        messager.printMessage(kind, text, element, a);
      } else {
        messager.printMessage(kind, text, element, a, value);
      }
    }
  }

  /** The value as it is written, {@code null} where it is a default. */
  private static AnnotationValue written(AnnotationMirror a, String attribute) {
    int bracket = attribute.indexOf('[');
    if (bracket >= 0) {
      AnnotationValue array = attribute(a, attribute.substring(0, bracket));
      int index = Integer.parseInt(attribute.substring(bracket + 1, attribute.length() - 1));
      // javac has no position for the one element of an array that is written without braces
      return array != null && array.getValue() instanceof List<?> all && all.size() > 1
          ? (AnnotationValue) all.get(index)
          : array;
    }
    AnnotationValue value = attribute(a, attribute);
    AnnotationValue schedule = attribute(a, "schedule");
    if (value == null && schedule != null && schedule.getValue() instanceof AnnotationMirror s) {
      AnnotationValue inside = attribute(s, attribute);
      return inside != null ? inside : isOf(s, attribute) ? schedule : null;
    }
    return value;
  }

  private static boolean isOf(AnnotationMirror a, String attribute) {
    return a.getAnnotationType().asElement().getEnclosedElements().stream()
        .anyMatch(m -> m.getSimpleName().contentEquals(attribute));
  }

  private static AnnotationValue attribute(AnnotationMirror a, String name) {
    return a.getElementValues().entrySet().stream()
        .filter(e -> e.getKey().getSimpleName().contentEquals(name))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(null);
  }
}
