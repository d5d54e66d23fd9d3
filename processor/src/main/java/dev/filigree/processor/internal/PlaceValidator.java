package dev.filigree.processor.internal;

import dev.filigree.plan.Message;
import java.util.Locale;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.Modifier;

/** Filigree binds instance fields, methods with a body and classes; nothing else. */
final class PlaceValidator implements Validator {
  @Override
  public boolean validate(DeclaredElement declared, Reporter.Scope report) {
    Element e = declared.element();
    if (e.getKind().isField()) {
      if (e.getModifiers().contains(Modifier.STATIC)) {
        report.problem(declared.first(), "", Message.FIL_0123, Labels.of(e));
        return false;
      }
      return true;
    }
    if (e.getKind() == ElementKind.METHOD) {
      if (e.getModifiers().contains(Modifier.ABSTRACT)
          || e.getModifiers().contains(Modifier.NATIVE)) {
        report.problem(declared.first(), "", Message.FIL_0139, Labels.of(e));
      }
      return true;
    }
    if (e.getKind().isClass() || e.getKind() == ElementKind.ANNOTATION_TYPE) {
      return true;
    }
    String kind = e.getKind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    String article = "aeiou".indexOf(kind.charAt(0)) >= 0 ? "an " : "a ";
    report.problem(declared.first(), "", Message.FIL_0136, Labels.of(e), article + kind);
    return false;
  }
}
