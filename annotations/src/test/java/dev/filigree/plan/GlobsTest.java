package dev.filigree.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Scope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GlobsTest {

  @ParameterizedTest
  @CsvSource({
    "a,a,true",
    "a,b,false",
    "a,a/b,false",
    "a/b,a/b,true",
    "a*,abc,true",
    "a*,a,true",
    "a*,a/b,false",
    "*,a,true",
    "*,a/b,false",
    "*/b,a/b,true",
    "?b,ab,true",
    "?b,b,false",
    "a?b,a/b,false",
    "**,a,true",
    "**,a/b/c,true",
    "**/fc*,fc1,true",
    "**/fc*,a/b/fc1,true",
    "**/fc*,afc1,false",
    "a/**,a/b/c,true",
    "a/**,a,false",
    "a/**/z,a/z,true",
    "a/**/z,a/b/c/z,true",
    "a/**/z,a/bz,false",
    "a+(b),a+(b),true",
    "a+(b),aab,false",
    "a[0],a[0],true",
    "\\Ea,\\Ea,true"
  })
  void matches(String glob, String path, boolean expected) {
    assertThat(Globs.matches(glob, path)).isEqualTo(expected);
  }

  @Test
  void exact() {
    assertThat(Globs.isExact("a/b")).isTrue();
    assertThat(Globs.isExact("a/*")).isFalse();
    assertThat(Globs.isExact("a?")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "/a", "a/", "a//b", "a.b", "a\\b", " a", "a "})
  void rejectsWhatCannotMatch(String glob) {
    List<Problem> problems = PlanRules.check(onType(List.of("fine", glob), List.of()));
    assertThat(problems).hasSize(1);
    assertThat(problems.get(0).message()).isEqualTo(Message.FIL_0127);
    assertThat(problems.get(0).attribute()).isEqualTo("include[1]");
    assertThat(problems.get(0).isError()).isTrue();
  }

  @Test
  void rejectsExcludingAll() {
    assertThat(PlanRules.check(onType(List.of("a"), List.of("a", "b"))))
        .extracting(Problem::message)
        .containsExactly(Message.FIL_0138);
    assertThat(PlanRules.check(onType(List.of(), List.of("**"))))
        .extracting(Problem::message)
        .containsExactly(Message.FIL_0138);
    assertThat(PlanRules.check(onType(List.of("a", "b"), List.of("a")))).isEmpty();
    assertThat(PlanRules.check(onType(List.of(), List.of("a")))).isEmpty();
  }

  private static Declaration onType(List<String> include, List<String> exclude) {
    return new Declaration.Weights(
        0.5,
        Granularity.UNSTRUCTURED,
        List.of(),
        Criterion.MAGNITUDE,
        Scope.DEFAULT,
        new Declaration.Ramp(ScheduleKind.CUBIC, 0, 0.6, 20, 3),
        include,
        exclude);
  }
}
