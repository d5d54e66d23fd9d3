package dev.filigree.plan;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnnotationReaderTest {
  private static final Declaration.Ramp DEFAULT_RAMP =
      new Declaration.Ramp(ScheduleKind.CUBIC, 0, 0.6, 20, 3);

  @Retention(RetentionPolicy.RUNTIME)
  @NMSparse(n = 2, m = 8)
  @interface House {}

  @Retention(RetentionPolicy.RUNTIME)
  @House
  @Schedule(end = 0.9)
  @interface Estate {}

  @Retention(RetentionPolicy.RUNTIME)
  @Pong
  @interface Ping {}

  @Retention(RetentionPolicy.RUNTIME)
  @Ping
  @ActivationSparse(sparsity = 0.25)
  @interface Pong {}

  @Retention(RetentionPolicy.RUNTIME)
  @interface Unrelated {}

  @Sparse(
      sparsity = 0.5,
      granularity = Granularity.BLOCK,
      block = {4, 1},
      criterion = Criterion.RANDOM,
      scope = Scope.GLOBAL,
      schedule = @Schedule(kind = ScheduleKind.LINEAR, start = 10, end = 20, every = 2, power = 1),
      include = {"a", "b"},
      exclude = "c")
  static final class Everything {}

  @Deprecated
  @Unrelated
  static final class Nothing {}

  @House
  static final class Housed {}

  @Estate
  static final class Estated {}

  @Ping
  static final class Cyclic {}

  @Estate
  @Sparse(sparsity = 0.5)
  @Schedule(end = 0.3)
  static final class Crowded {}

  @ActivationSparse(
      sparsity = 0.5,
      method = ActivationMethod.CATS,
      gate = "g",
      up = "u",
      down = "d",
      include = "i",
      exclude = "e")
  static final class Gated {}

  @ActivationSparse(
      sparsity = 0.4,
      method = ActivationMethod.TEAL_GREEDY,
      gate = "g",
      up = "u",
      down = "d")
  static final class Greedy {}

  @ActivationSparse(
      sparsity = 0.6,
      method = ActivationMethod.COREINFER,
      gate = "g",
      up = "u",
      down = "d")
  static final class Core {}

  @ActivationSparse(sparsity = 0.4, method = ActivationMethod.R_SPARSE, include = "i")
  static final class LowRank {}

  @Schedule
  static final class Lone {}

  static class Parent extends Housedness {}

  @House
  static class Housedness {}

  @Test
  void everyValue() {
    assertThat(AnnotationReader.read(Everything.class))
        .containsExactly(
            new Declaration.Weights(
                0.5,
                Granularity.BLOCK,
                List.of(4, 1),
                Criterion.RANDOM,
                Scope.GLOBAL,
                new Declaration.Ramp(ScheduleKind.LINEAR, 10, 20, 2, 1),
                List.of("a", "b"),
                List.of("c")));
    assertThat(AnnotationReader.read(Gated.class))
        .containsExactly(
            new Declaration.Activations(
                0.5, ActivationMethod.CATS, "g", "u", "d", List.of("i"), List.of("e")));
    assertThat(AnnotationReader.read(Greedy.class))
        .containsExactly(
            new Declaration.Activations(
                0.4, ActivationMethod.TEAL_GREEDY, "g", "u", "d", List.of(), List.of()));
    assertThat(AnnotationReader.read(Core.class))
        .containsExactly(
            new Declaration.Activations(
                0.6, ActivationMethod.COREINFER, "g", "u", "d", List.of(), List.of()));
    assertThat(AnnotationReader.read(LowRank.class))
        .containsExactly(
            new Declaration.Activations(
                0.4, ActivationMethod.R_SPARSE, "", "", "", List.of("i"), List.of()));
  }

  @Test
  void nothing() {
    assertThat(AnnotationReader.read(Nothing.class)).isEmpty();
    assertThat(AnnotationReader.isAnnotated(Nothing.class)).isFalse();
    assertThat(AnnotationReader.readAll(Nothing.class).isEmpty()).isTrue();
    assertThat(AnnotationReader.isAnnotated(Parent.class)).as("not inherited").isFalse();
  }

  @Test
  void houseAnnotation() {
    assertThat(AnnotationReader.isAnnotated(Housed.class)).isTrue();
    assertThat(AnnotationReader.readAll(Housed.class).items())
        .containsExactly(
            new Declarations.Item(
                new Declaration.NM(
                    2,
                    8,
                    Criterion.MAGNITUDE,
                    Training.SR_STE,
                    2e-4,
                    new Declaration.Ramp(ScheduleKind.CONSTANT, 0, 1, 1, 3),
                    List.of(),
                    List.of()),
                "@NMSparse",
                "through @House"));
  }

  @Test
  void scheduleBesideReplacesTheAttribute() {
    Declaration.NM nm = (Declaration.NM) AnnotationReader.read(Estated.class).get(0);
    assertThat(nm.schedule()).isEqualTo(new Declaration.Ramp(ScheduleKind.CUBIC, 0, 0.9, 20, 3));
    assertThat(AnnotationReader.readAll(Estated.class).items().get(0).source())
        .isEqualTo("through @Estate");
  }

  @Test
  void cyclesEnd() {
    assertThat(AnnotationReader.read(Cyclic.class)).hasSize(1);
    assertThat(AnnotationReader.read(Ping.class)).hasSize(1);
    assertThat(AnnotationReader.read(Pong.class)).hasSize(1);
  }

  @Test
  void theNearestComesFirst() {
    Declarations all = AnnotationReader.readAll(Crowded.class);
    assertThat(all.items())
        .extracting(Declarations.Item::source)
        .containsExactly("directly", "through @Estate");
    assertThat(((Declaration.Weights) all.items().get(0).declaration()).schedule().end())
        .isEqualTo(0.3);
    assertThat(SiteRules.check(all, new Site(Site.Kind.TYPE, "Crowded", "", LayerFamily.UNKNOWN)))
        .extracting(f -> f.problem().text())
        .containsExactly(
            "FIL-0115: Crowded is annotated with both @Sparse and @NMSparse; a weight has one pattern. Remove one of them.",
            "FIL-0116: Crowded is annotated with @Schedule twice: directly and through @Estate. Remove one of them.");
  }

  @Test
  void loneSchedule() {
    Declarations all = AnnotationReader.readAll(Lone.class);
    assertThat(all.items()).isEmpty();
    assertThat(all.schedules())
        .containsExactly(new Declarations.Ramp(DEFAULT_RAMP, Declarations.DIRECTLY));
    assertThat(SiteRules.check(all, new Site(Site.Kind.TYPE, "Lone", "", LayerFamily.UNKNOWN)))
        .extracting(f -> f.problem().message())
        .containsExactly(Message.FIL_0129);
  }
}
