package dev.filigree.processor.internal;

import java.util.stream.Collectors;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.TypeVariable;

/** Types as messages show them: qualified, without the annotations they may carry. */
final class TypeNames {
  private TypeNames() {}

  static String of(TypeMirror type) {
    if (type instanceof ArrayType array) {
      return of(array.getComponentType()) + "[]";
    }
    if (type.getKind() == TypeKind.TYPEVAR) {
      return ((TypeVariable) type).asElement().getSimpleName().toString();
    }
    if (type instanceof DeclaredType declared && declared.asElement() instanceof TypeElement e) {
      String arguments =
          declared.getTypeArguments().stream().map(TypeNames::of).collect(Collectors.joining(", "));
      return e.getQualifiedName() + (arguments.isEmpty() ? "" : "<" + arguments + ">");
    }
    return type.getKind().isPrimitive()
        ? type.getKind().name().toLowerCase(java.util.Locale.ROOT)
        : type.toString();
  }
}
