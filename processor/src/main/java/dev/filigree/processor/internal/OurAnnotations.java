package dev.filigree.processor.internal;

import dev.filigree.annotations.ActivationSparse;
import dev.filigree.annotations.NMSparse;
import dev.filigree.annotations.Schedule;
import dev.filigree.annotations.Sparse;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.TypeElement;

/** Which annotation types matter: ours, and those that carry ours at any depth. */
final class OurAnnotations {
  static final String SPARSE = Sparse.class.getName();
  static final String NM_SPARSE = NMSparse.class.getName();
  static final String ACTIVATION_SPARSE = ActivationSparse.class.getName();
  static final String SCHEDULE = Schedule.class.getName();
  private static final Set<String> NAMES = Set.of(SPARSE, NM_SPARSE, ACTIVATION_SPARSE, SCHEDULE);

  private final Map<String, Boolean> relevant = new HashMap<>();

  /** Whether an annotation of that type declares something. */
  boolean isRelevant(TypeElement annotationType) {
    String name = nameOf(annotationType);
    Boolean known = relevant.get(name);
    if (known != null) {
      return known;
    }
    relevant.put(name, false); // ends cycles of annotation types that carry each other
    boolean found = NAMES.contains(name);
    if (!found && !isForeign(annotationType)) {
      for (AnnotationMirror a : annotationType.getAnnotationMirrors()) {
        found |= isRelevant(typeOf(a));
      }
    }
    relevant.put(name, found);
    return found;
  }

  static boolean isOurs(TypeElement annotationType) {
    return NAMES.contains(nameOf(annotationType));
  }

  static boolean isForeign(TypeElement annotationType) {
    return nameOf(annotationType).startsWith("java.");
  }

  static TypeElement typeOf(AnnotationMirror a) {
    return (TypeElement) a.getAnnotationType().asElement();
  }

  static String nameOf(TypeElement type) {
    return type.getQualifiedName().toString();
  }
}
