package dev.filigree.processor.internal;

import dev.filigree.processor.internal.AnnotationValues.MalformedException;
import java.util.ArrayList;
import java.util.List;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.RecordComponentElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.util.ElementFilter;

/**
 * Finds the annotated elements of one top-level class: the class, its fields and methods in the
 * order of the source, then its nested classes in that order, each in the same way.
 */
final class Walk {
  private final ElementReader reader;
  private final DjlTypes types;
  private final List<DeclaredElement> found = new ArrayList<>();
  private boolean incomplete;

  Walk(ElementReader reader, DjlTypes types) {
    this.reader = reader;
    this.types = types;
  }

  /** Takes an element and all inside it. */
  void visit(Element element) {
    take(element);
    if (element instanceof ExecutableElement method) {
      method.getParameters().stream().filter(p -> !isOfComponent(method, p)).forEach(this::take);
    }
    List<? extends Element> inside = element.getEnclosedElements();
    inside.stream()
        .filter(e -> !(e instanceof TypeElement || isOfComponent(e)))
        .forEach(this::visit);
    ElementFilter.typesIn(inside).forEach(this::visit);
  }

  /** The annotated elements. */
  List<DeclaredElement> found() {
    return found;
  }

  /** Whether something needed is missing, perhaps because it is generated later. */
  boolean isIncomplete() {
    return incomplete;
  }

  private void take(Element element) {
    try {
      reader
          .tryRead(element)
          .ifPresent(
              declared -> {
                found.add(declared);
                incomplete |= !hasAllTypes(element);
              });
    } catch (MalformedException e) {
      incomplete = true; // javac reports it unless a later round completes it
    }
  }

  private boolean hasAllTypes(Element element) {
    if (element instanceof ExecutableElement method) {
      return types.isComplete(method.getReturnType());
    }
    boolean complete = types.isComplete(element.asType());
    if (complete && element instanceof TypeElement type) {
      for (VariableElement f : ElementFilter.fieldsIn(type.getEnclosedElements())) {
        complete &= types.isComplete(f.asType());
      }
    }
    return complete;
  }

  /**
   * Whether javac copied the annotations of an element from a record component: the field is the
   * one that counts.
   */
  private static boolean isOfComponent(Element e) {
    if (e.getKind() == ElementKind.RECORD_COMPONENT) {
      return true;
    }
    return e.getKind() == ElementKind.METHOD
        && e.getEnclosingElement() instanceof TypeElement owner
        && owner.getRecordComponents().stream()
            .map(RecordComponentElement::getAccessor)
            .anyMatch(e::equals);
  }

  /** The same for the parameters of a record's constructor. */
  private static boolean isOfComponent(ExecutableElement method, VariableElement parameter) {
    return method.getKind() == ElementKind.CONSTRUCTOR
        && method.getEnclosingElement() instanceof TypeElement owner
        && owner.getRecordComponents().stream()
            .anyMatch(c -> c.getSimpleName().equals(parameter.getSimpleName()));
  }
}
