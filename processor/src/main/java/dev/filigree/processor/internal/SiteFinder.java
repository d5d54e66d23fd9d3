package dev.filigree.processor.internal;

import dev.filigree.plan.LayerFamily;
import dev.filigree.plan.Site;
import java.util.Optional;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.type.TypeMirror;

/** Describes annotated elements in the terms of the rules. */
final class SiteFinder {
  private final DjlTypes types;

  SiteFinder(DjlTypes types) {
    this.types = types;
  }

  /** The site an element is. */
  Site site(Element element) {
    if (element.getKind() == ElementKind.ANNOTATION_TYPE) {
      String name = "@" + element.getSimpleName();
      return new Site(Site.Kind.ANNOTATION, name, name, LayerFamily.UNKNOWN);
    }
    if (element.getKind() == ElementKind.METHOD) {
      TypeMirror result = ((ExecutableElement) element).getReturnType();
      return site(Site.Kind.METHOD, Labels.of(element), result, Optional.of(result));
    }
    if (element.getKind().isField()) {
      TypeMirror type = element.asType();
      return site(
          Site.Kind.FIELD,
          Labels.of(element),
          type,
          types.isPresent() ? types.held(type) : Optional.empty());
    }
    TypeMirror type = element.asType();
    TypeMirror shown = types.ancestor(type).orElse(type);
    return site(Site.Kind.TYPE, Labels.of(element), shown, Optional.of(type));
  }

  private Site site(Site.Kind kind, String name, TypeMirror shown, Optional<TypeMirror> layer) {
    LayerFamily family = layer.map(types::family).orElse(LayerFamily.UNKNOWN);
    return new Site(kind, name, TypeNames.of(shown), family);
  }
}
