package dev.filigree.samples.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArgumentsTest {

  @Test
  void defaultsAreThoseOfTheSize() {
    assertThat(Arguments.parse(List.of("--out", "m", "--size", "large", "--sparse")))
        .contains(
            new TrainLanguageModel.Options(
                Path.of("m"), Optional.empty(), ModelSize.LARGE, ModelSize.LARGE.steps(), true, 0));
  }

  @Test
  void everyOptionIsTaken() {
    List<String> all =
        List.of("--text", "t", "--steps", "7", "--seed", "3", "--size", "medium", "--out", "m");
    assertThat(Arguments.parse(all))
        .contains(
            new TrainLanguageModel.Options(
                Path.of("m"), Optional.of(Path.of("t")), ModelSize.MEDIUM, 7, false, 3));
  }

  @Test
  void reluWithItsRegulariser() {
    assertThat(
            Arguments.parse(
                List.of("--relu", "--lambda", "0,0.05,0.2", "--from", "silu", "--out", "m")))
        .contains(
            new TrainLanguageModel.Options(
                Path.of("m"),
                Optional.empty(),
                ModelSize.SMALL,
                ModelSize.SMALL.steps(),
                false,
                true,
                List.of(0.0, 0.05, 0.2),
                Optional.of(Path.of("silu")),
                0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--sparse",
        "--out",
        "--out m --steps 0",
        "--out m --size huge",
        "--out m x",
        "--out m --lambda 1",
        "--out m --relu --sparse",
        "--out m --relu --lambda x"
      })
  void anythingElseIsNotUnderstood(String line) {
    assertThat(Arguments.parse(line.isEmpty() ? List.of() : List.of(line.split(" ")))).isEmpty();
  }

  @Test
  void sizesAreWhatTheySay() {
    assertThat(ModelSize.SMALL.parameters()).isBetween(700_000L, 1_000_000L);
    assertThat(ModelSize.MEDIUM.parameters()).isBetween(4_500_000L, 5_500_000L);
    assertThat(ModelSize.LARGE.parameters()).isBetween(14_000_000L, 16_000_000L);
  }
}
