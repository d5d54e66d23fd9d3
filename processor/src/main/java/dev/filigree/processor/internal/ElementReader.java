package dev.filigree.processor.internal;

import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.NMSparse;
import dev.filigree.annotations.Schedule;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Sparse;
import dev.filigree.annotations.Training;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.Declarations;
import dev.filigree.plan.ReluPlan;
import dev.filigree.processor.internal.AnnotationValues.MalformedException;
import dev.filigree.processor.internal.DeclaredElement.Place;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;

/**
 * Reads our annotations from an element, through house annotations as well, in the order in which
 * {@link dev.filigree.plan.AnnotationReader} finds them by reflection.
 */
final class ElementReader {
  /** What an element declares; empty where it declares nothing or does not compile. */
  Optional<DeclaredElement> read(Element element) {
    try {
      return tryRead(element);
    } catch (MalformedException e) {
      return Optional.empty(); // javac says what is wrong with it
    }
  }

  /**
   * What an element declares; empty where it declares nothing.
   *
   * @throws MalformedException where an annotation does not compile, or not yet
   */
  Optional<DeclaredElement> tryRead(Element element) throws MalformedException {
    Found found = new Found();
    Set<String> seen = new HashSet<>();
    if (element instanceof TypeElement type) {
      seen.add(OurAnnotations.nameOf(type)); // annotation types may carry each other
    }
    found.collect(element.getAnnotationMirrors(), null, Declarations.DIRECTLY, seen);
    return found.ours.isEmpty() && found.schedules.isEmpty()
        ? Optional.empty()
        : Optional.of(found.on(element));
  }

  private record Ours(AnnotationMirror annotation, String source, Place place) {}

  private static final class Found {
    private final List<Ours> ours = new ArrayList<>();
    private final List<Declarations.Ramp> schedules = new ArrayList<>();
    private final List<Place> schedulePlaces = new ArrayList<>();

    void collect(
        List<? extends AnnotationMirror> annotations, Place house, String source, Set<String> seen)
        throws MalformedException {
      for (AnnotationMirror a : annotations) {
        TypeElement type = OurAnnotations.typeOf(a);
        Place place = house != null ? house : new Place(a, OurAnnotations.isOurs(type));
        if (OurAnnotations.nameOf(type).equals(OurAnnotations.SCHEDULE)) {
          schedules.add(new Declarations.Ramp(ramp(a), source));
          schedulePlaces.add(place);
        } else if (OurAnnotations.isOurs(type)) {
          ours.add(new Ours(a, source, place));
        }
      }
      for (AnnotationMirror a : annotations) {
        TypeElement type = OurAnnotations.typeOf(a);
        if (!OurAnnotations.isOurs(type)
            && !OurAnnotations.isForeign(type)
            && seen.add(OurAnnotations.nameOf(type))) {
          boolean direct = house == null;
          collect(
              type.getAnnotationMirrors(),
              direct ? new Place(a, false) : house,
              direct ? Declarations.through(type.getSimpleName().toString()) : source,
              seen);
        }
      }
    }

    DeclaredElement on(Element element) throws MalformedException {
      List<Declarations.Item> items = new ArrayList<>();
      for (Ours o : ours) {
        String name = "@" + OurAnnotations.typeOf(o.annotation()).getSimpleName();
        items.add(new Declarations.Item(declaration(o.annotation()), name, o.source()));
      }
      return new DeclaredElement(
          element,
          new Declarations(items, schedules),
          ours.stream().map(Ours::place).toList(),
          List.copyOf(schedulePlaces));
    }

    private Declaration declaration(AnnotationMirror a) throws MalformedException {
      String name = OurAnnotations.nameOf(OurAnnotations.typeOf(a));
      if (name.equals(OurAnnotations.SPARSE)) {
        AnnotationValues v = new AnnotationValues(a, Sparse.class);
        return new Declaration.Weights(
            v.number("sparsity"),
            v.constant("granularity", Granularity.class),
            v.wholes("block"),
            v.constant("criterion", Criterion.class),
            v.constant("scope", Scope.class),
            inForce(v.ramp("schedule")),
            v.strings("include"),
            v.strings("exclude"));
      }
      if (name.equals(OurAnnotations.NM_SPARSE)) {
        AnnotationValues v = new AnnotationValues(a, NMSparse.class);
        return new Declaration.NM(
            v.whole("n"),
            v.whole("m"),
            v.constant("criterion", Criterion.class),
            v.constant("training", Training.class),
            v.number("lambda"),
            inForce(v.ramp("schedule")),
            v.strings("include"),
            v.strings("exclude"));
      }
      AnnotationValues v = new AnnotationValues(a, ActivationSparse.class);
      return new Declaration.Activations(
          v.number("sparsity"),
          v.constant("method", ActivationMethod.class),
          v.string("gate"),
          v.string("up"),
          v.string("down"),
          new ReluPlan(v.number("threshold"), v.numbers("lambda"), v.numbers("end")),
          v.strings("include"),
          v.strings("exclude"));
    }

    private Declaration.Ramp inForce(Declaration.Ramp attribute) {
      return schedules.isEmpty() ? attribute : schedules.get(0).ramp();
    }
  }

  /** The values of {@code @Schedule}. */
  static Declaration.Ramp ramp(AnnotationMirror schedule) throws MalformedException {
    AnnotationValues v = new AnnotationValues(schedule, Schedule.class);
    return new Declaration.Ramp(
        v.constant("kind", ScheduleKind.class),
        v.number("start"),
        v.number("end"),
        v.whole("every"),
        v.number("power"));
  }
}
