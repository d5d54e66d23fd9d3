package dev.filigree.processor.internal;

import dev.filigree.plan.Message;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.type.TypeMirror;

/** What is annotated must be, hold or return Blocks. */
final class TypeValidator implements Validator {
  private final DjlTypes types;

  TypeValidator(DjlTypes types) {
    this.types = types;
  }

  @Override
  public boolean validate(DeclaredElement declared, Reporter.Scope report) {
    Element e = declared.element();
    if (!types.isPresent() || e.getKind() == ElementKind.ANNOTATION_TYPE) {
      return true;
    }
    if (e.getKind() == ElementKind.METHOD) {
      TypeMirror result = ((ExecutableElement) e).getReturnType();
      if (types.isComplete(result) && !types.isBlock(result)) {
        report.problem(declared.first(), "", Message.FIL_0133, Labels.of(e), TypeNames.of(result));
      }
    } else if (!types.isComplete(e.asType())) {
      return true; // javac reports the missing type
    } else if (e.getKind().isField()) {
      if (types.held(e.asType()).isEmpty()) {
        report.problem(
            declared.first(), "", Message.FIL_0122, Labels.of(e), TypeNames.of(e.asType()));
      }
    } else if (!types.isBlock(e.asType())) {
      report.problem(declared.first(), "", Message.FIL_0137, Labels.of(e));
    }
    return true;
  }
}
