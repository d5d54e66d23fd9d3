package dev.filigree.processor.internal;

import dev.filigree.plan.LayerFamily;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.annotation.processing.ProcessingEnvironment;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;
import javax.lang.model.util.Types;

/**
 * Questions about types that need to know DJL, whose types are looked up by name. Without DJL on
 * the class path {@link #isPresent()} is false and nobody should ask the others.
 */
final class DjlTypes {
  private static final Map<String, LayerFamily> FAMILIES =
      Map.ofEntries(
          Map.entry("ai.djl.nn.core.Linear", LayerFamily.LINEAR),
          Map.entry("ai.djl.nn.convolutional.Convolution", LayerFamily.CONVOLUTION),
          Map.entry("ai.djl.nn.recurrent.RecurrentBlock", LayerFamily.RECURRENT),
          Map.entry("ai.djl.nn.core.AbstractEmbedding", LayerFamily.EMBEDDING),
          Map.entry("ai.djl.nn.transformer.IdEmbedding", LayerFamily.EMBEDDING),
          Map.entry("ai.djl.nn.SymbolBlock", LayerFamily.UNSUPPORTED),
          Map.entry("ai.djl.nn.LambdaBlock", LayerFamily.UNSUPPORTED),
          Map.entry("ai.djl.nn.convolutional.Deconvolution", LayerFamily.UNSUPPORTED),
          Map.entry("ai.djl.nn.core.LinearCollection", LayerFamily.UNSUPPORTED),
          Map.entry("ai.djl.nn.core.Multiplication", LayerFamily.UNSUPPORTED),
          Map.entry("ai.djl.nn.core.Prelu", LayerFamily.UNSUPPORTED),
          Map.entry("ai.djl.nn.core.SparseMax", LayerFamily.UNSUPPORTED),
          Map.entry("ai.djl.nn.norm.BatchNorm", LayerFamily.UNSUPPORTED),
          Map.entry("ai.djl.nn.norm.LayerNorm", LayerFamily.UNSUPPORTED),
          Map.entry("ai.djl.nn.norm.Dropout", LayerFamily.UNSUPPORTED));

  private final Elements elements;
  private final Types types;

  DjlTypes(ProcessingEnvironment env) {
    elements = env.getElementUtils();
    types = env.getTypeUtils();
  }

  /** Whether DJL can be seen by the program. */
  boolean isPresent() {
    return block().isPresent();
  }

  /** Whether values of a type are blocks. */
  boolean isBlock(TypeMirror type) {
    // a type variable is asked as it is: its erasure forgets all bounds but the first
    boolean variable = type.getKind() == TypeKind.TYPEVAR;
    TypeMirror asked = variable ? type : types.erasure(type);
    return block().filter(b -> types.isSubtype(asked, b)).isPresent();
  }

  /**
   * The type of the blocks that a field of a type holds: the type itself, or what is in an array, a
   * collection or the values of a map, at any depth.
   */
  Optional<TypeMirror> held(TypeMirror type) {
    if (type.getKind() == TypeKind.ARRAY) {
      return held(((ArrayType) type).getComponentType());
    }
    if (isBlock(type)) {
      return Optional.of(type);
    }
    TypeMirror bound = bound(type);
    return argument(bound, "java.util.Collection", 0)
        .or(() -> argument(bound, "java.util.Map", 1))
        .flatMap(this::held);
  }

  /** What kind of layer values of a type are. */
  LayerFamily family(TypeMirror type) {
    return ancestor(type).map(t -> FAMILIES.get(nameOf(t))).orElse(LayerFamily.UNKNOWN);
  }

  /** The DJL type that decides the {@link #family}. */
  Optional<TypeMirror> ancestor(TypeMirror type) {
    TypeMirror erased = types.erasure(type);
    if (FAMILIES.containsKey(nameOf(erased))) {
      return Optional.of(erased);
    }
    for (TypeMirror up : supertypes(erased)) {
      Optional<TypeMirror> found = ancestor(up);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  /**
   * The instance fields of a class and its superclasses that hold one block each, the class's own
   * first, with the kind of layer they hold.
   */
  Map<String, VariableElement> blockFields(TypeElement type) {
    Map<String, VariableElement> fields = new LinkedHashMap<>();
    TypeMirror at = type.asType();
    while (at instanceof DeclaredType d && d.getKind() == TypeKind.DECLARED) {
      TypeElement owner = (TypeElement) d.asElement();
      for (VariableElement f : ElementFilter.fieldsIn(owner.getEnclosedElements())) {
        if (!f.getModifiers().contains(Modifier.STATIC) && isBlock(f.asType())) {
          fields.putIfAbsent(f.getSimpleName().toString(), f);
        }
      }
      at = owner.getSuperclass();
    }
    return fields;
  }

  /** Whether a type and all it stands on exist. */
  boolean isComplete(TypeMirror type) {
    return isComplete(type, new HashSet<>());
  }

  private boolean isComplete(TypeMirror type, Set<String> seen) {
    return switch (type.getKind()) {
      case ERROR -> false;
      case ARRAY -> isComplete(((ArrayType) type).getComponentType(), seen);
      case TYPEVAR, WILDCARD -> isComplete(types.erasure(type), seen);
      case DECLARED -> isComplete((DeclaredType) type, seen);
      default -> true;
    };
  }

  private boolean isComplete(DeclaredType type, Set<String> seen) {
    String name = nameOf(type);
    if (!seen.add(type.toString()) || name.startsWith("ai.djl.")) {
      return true;
    }
    return type.getTypeArguments().stream().allMatch(t -> isComplete(t, seen))
        && (name.startsWith("java.")
            || supertypes(types.erasure(type)).stream().allMatch(t -> isComplete(t, seen)));
  }

  private Optional<TypeMirror> argument(TypeMirror type, String container, int index) {
    if (type instanceof DeclaredType d && nameOf(type).equals(container)) {
      return d.getTypeArguments().size() > index
          ? Optional.of(d.getTypeArguments().get(index))
          : Optional.empty();
    }
    for (TypeMirror up : supertypes(type)) {
      Optional<TypeMirror> found = argument(up, container, index);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private TypeMirror bound(TypeMirror type) {
    boolean variable = type.getKind() == TypeKind.TYPEVAR || type.getKind() == TypeKind.WILDCARD;
    return variable ? types.erasure(type) : type;
  }

  private List<? extends TypeMirror> supertypes(TypeMirror type) {
    return type.getKind() == TypeKind.DECLARED ? types.directSupertypes(type) : List.of();
  }

  private Optional<TypeMirror> block() {
    return Optional.ofNullable(elements.getTypeElement("ai.djl.nn.Block"))
        .map(b -> types.erasure(b.asType()));
  }

  private static String nameOf(TypeMirror type) {
    return type instanceof DeclaredType d && d.asElement() instanceof TypeElement t
        ? t.getQualifiedName().toString()
        : "";
  }
}
