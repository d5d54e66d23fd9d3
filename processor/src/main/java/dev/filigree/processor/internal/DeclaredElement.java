package dev.filigree.processor.internal;

import dev.filigree.plan.Declarations;
import java.util.List;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;

/**
 * An element with what it declares and where that is written.
 *
 * @param element what is annotated
 * @param declarations what it declares
 * @param items for each of {@link Declarations#items()} where it is written
 * @param schedules for each of {@link Declarations#schedules()} where it is written
 */
record DeclaredElement(
    Element element, Declarations declarations, List<Place> items, List<Place> schedules) {

  /**
   * Where a declaration is written.
   *
   * @param written the annotation that stands on the element
   * @param direct whether that is our own annotation, and not a house annotation
   */
  record Place(AnnotationMirror written, boolean direct) {}

  /** The first annotation of the element that declares something. */
  Place first() {
    return items.isEmpty() ? schedules.get(0) : items.get(0);
  }
}
