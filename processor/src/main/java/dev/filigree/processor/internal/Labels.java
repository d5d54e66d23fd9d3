package dev.filigree.processor.internal;

import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.QualifiedNameable;

/** Names of elements as messages show them. */
final class Labels {
  private Labels() {}

  /** For example {@code wide}, {@code head()}, {@code Net}, {@code @House}. */
  static String of(Element e) {
    if (e.getKind() == ElementKind.CONSTRUCTOR) {
      return e.getEnclosingElement().getSimpleName() + "()";
    }
    if (e.getKind() == ElementKind.METHOD) {
      return e.getSimpleName() + "()";
    }
    if (e.getKind() == ElementKind.ANNOTATION_TYPE) {
      return "@" + e.getSimpleName();
    }
    boolean outside = e.getKind() == ElementKind.PACKAGE || e.getKind() == ElementKind.MODULE;
    return outside
        ? ((QualifiedNameable) e).getQualifiedName().toString()
        : e.getSimpleName().toString();
  }
}
