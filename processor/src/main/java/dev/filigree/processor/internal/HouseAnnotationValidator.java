package dev.filigree.processor.internal;

import dev.filigree.plan.Message;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.stream.Stream;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;

/** A house annotation must be there at run time, because Filigree binds by reflection. */
final class HouseAnnotationValidator implements Validator {
  @Override
  public boolean validate(DeclaredElement declared, Reporter.Scope report) {
    Element e = declared.element();
    if (e.getKind() == ElementKind.ANNOTATION_TYPE) {
      check(e, declared.first(), report);
    }
    Stream.concat(declared.items().stream(), declared.schedules().stream())
        .filter(place -> !place.direct())
        .distinct()
        .forEach(place -> check(typeOf(place.written()), place, report));
    return true;
  }

  private static void check(
      Element annotationType, DeclaredElement.Place place, Reporter.Scope report) {
    Retention retention = annotationType.getAnnotation(Retention.class);
    RetentionPolicy kept = retention == null ? RetentionPolicy.CLASS : retention.value();
    if (kept != RetentionPolicy.RUNTIME) {
      report.problem(place, "", Message.FIL_0135, annotationType.getSimpleName(), kept);
    }
  }

  private static Element typeOf(AnnotationMirror a) {
    return a.getAnnotationType().asElement();
  }
}
