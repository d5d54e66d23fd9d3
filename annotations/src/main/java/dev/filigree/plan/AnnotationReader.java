package dev.filigree.plan;

import dev.filigree.annotations.ActivationSparse;
import dev.filigree.annotations.NMSparse;
import dev.filigree.annotations.Schedule;
import dev.filigree.annotations.Sparse;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads our annotations from a class, field or method by reflection, through house annotations as
 * well.
 */
public final class AnnotationReader {
  private AnnotationReader() {}

  /** What an element declares, unchecked, in the order found; empty for most elements. */
  public static List<Declaration> read(AnnotatedElement element) {
    Found found = new Found();
    found.collect(element.getDeclaredAnnotations(), new HashSet<>());
    return found.declarations();
  }

  /** Whether an element carries one of our annotations, directly or through a house annotation. */
  public static boolean isAnnotated(AnnotatedElement element) {
    return element.getDeclaredAnnotations().length > 0 && !read(element).isEmpty();
  }

  private static final class Found {
    private final List<Annotation> ours = new ArrayList<>();
    private Schedule schedule;

    void collect(Annotation[] annotations, Set<Class<?>> seen) {
      for (Annotation a : annotations) {
        if (a instanceof Sparse || a instanceof NMSparse || a instanceof ActivationSparse) {
          ours.add(a);
        } else if (a instanceof Schedule s) {
          schedule = s;
        } else if (seen.add(a.annotationType())
            && !a.annotationType().getName().startsWith("java.")) {
          collect(a.annotationType().getDeclaredAnnotations(), seen);
        }
      }
    }

    List<Declaration> declarations() {
      List<Declaration> out = new ArrayList<>();
      for (Annotation a : ours) {
        out.add(declaration(a));
      }
      return out;
    }

    private Declaration declaration(Annotation a) {
      if (a instanceof Sparse s) {
        return new Declaration.Weights(
            s.sparsity(),
            s.granularity(),
            Arrays.stream(s.block()).boxed().toList(),
            s.criterion(),
            s.scope(),
            ramp(schedule != null ? schedule : s.schedule()),
            List.of(s.include()),
            List.of(s.exclude()));
      }
      if (a instanceof NMSparse s) {
        return new Declaration.NM(
            s.n(),
            s.m(),
            s.criterion(),
            s.training(),
            s.lambda(),
            ramp(schedule != null ? schedule : s.schedule()),
            List.of(s.include()),
            List.of(s.exclude()));
      }
      ActivationSparse s = (ActivationSparse) a;
      return new Declaration.Activations(
          s.sparsity(),
          s.method(),
          s.gate(),
          s.up(),
          s.down(),
          List.of(s.include()),
          List.of(s.exclude()));
    }

    private static Declaration.Ramp ramp(Schedule s) {
      return new Declaration.Ramp(s.kind(), s.start(), s.end(), s.every(), s.power());
    }
  }
}
