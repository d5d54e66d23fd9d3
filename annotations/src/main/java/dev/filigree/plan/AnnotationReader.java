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

  /** What an element declares, unchecked, the nearest first; empty for most elements. */
  public static List<Declaration> read(AnnotatedElement element) {
    return readAll(element).items().stream().map(Declarations.Item::declaration).toList();
  }

  /** The same with where each came from, for {@link SiteRules}. */
  public static Declarations readAll(AnnotatedElement element) {
    Found found = new Found();
    Set<AnnotatedElement> seen = new HashSet<>();
    seen.add(element); // annotation types may carry each other
    found.collect(element.getDeclaredAnnotations(), Declarations.DIRECTLY, seen);
    return found.declarations();
  }

  /** Whether an element carries one of our annotations, directly or through a house annotation. */
  public static boolean isAnnotated(AnnotatedElement element) {
    return element.getDeclaredAnnotations().length > 0 && !read(element).isEmpty();
  }

  /** The values of a schedule. */
  public static Declaration.Ramp ramp(Schedule s) {
    return new Declaration.Ramp(s.kind(), s.start(), s.end(), s.every(), s.power());
  }

  private record Ours(Annotation annotation, String source) {}

  private static final class Found {
    private final List<Ours> ours = new ArrayList<>();
    private final List<Declarations.Ramp> schedules = new ArrayList<>();

    /** Ours at this level first, so that what is written on the element itself is the nearest. */
    void collect(Annotation[] annotations, String source, Set<AnnotatedElement> seen) {
      for (Annotation a : annotations) {
        if (a instanceof Sparse || a instanceof NMSparse || a instanceof ActivationSparse) {
          ours.add(new Ours(a, source));
        } else if (a instanceof Schedule s) {
          schedules.add(new Declarations.Ramp(ramp(s), source));
        }
      }
      for (Annotation a : annotations) {
        Class<?> type = a.annotationType();
        if (!isOurs(a) && !type.getName().startsWith("java.") && seen.add(type)) {
          boolean direct = source.equals(Declarations.DIRECTLY);
          String via = direct ? Declarations.through(type.getSimpleName()) : source;
          collect(type.getDeclaredAnnotations(), via, seen);
        }
      }
    }

    private static boolean isOurs(Annotation a) {
      return a.annotationType().getPackageName().equals(Sparse.class.getPackageName());
    }

    Declarations declarations() {
      return new Declarations(ours.stream().map(this::item).toList(), schedules);
    }

    private Declarations.Item item(Ours o) {
      String name = "@" + o.annotation().annotationType().getSimpleName();
      return new Declarations.Item(declaration(o.annotation()), name, o.source());
    }

    private Declaration declaration(Annotation a) {
      if (a instanceof Sparse s) {
        return new Declaration.Weights(
            s.sparsity(),
            s.granularity(),
            Arrays.stream(s.block()).boxed().toList(),
            s.criterion(),
            s.scope(),
            inForce(s.schedule()),
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
            inForce(s.schedule()),
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
          new ReluPlan(
              s.threshold(),
              Arrays.stream(s.lambda()).boxed().toList(),
              Arrays.stream(s.end()).boxed().toList()),
          List.of(s.include()),
          List.of(s.exclude()));
    }

    private Declaration.Ramp inForce(Schedule attribute) {
      return schedules.isEmpty() ? ramp(attribute) : schedules.get(0).ramp();
    }
  }
}
