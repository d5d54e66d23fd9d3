package dev.filigree.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingTest {

  @AfterEach
  void clear() {
    for (Setting s : Setting.values()) {
      System.clearProperty(s.property());
    }
  }

  @ParameterizedTest
  @EnumSource(Setting.class)
  void namesAreOneFamily(Setting s) {
    assertThat(s.property()).isEqualTo("filigree." + s.key());
    assertThat(Setting.byKey(s.key())).contains(s);
    assertThat(Setting.keys()).contains(s.key());
    assertThat(s.get()).isNotEmpty();
  }

  @Test
  void unknownKey() {
    assertThat(Setting.byKey("enable")).isEmpty();
    assertThat(Setting.byKey("filigree.enabled")).isEmpty();
  }

  @Test
  void propertyWins() {
    assertThat(Setting.GATE.get()).isEqualTo("auto");
    System.setProperty("filigree.gate", "off");
    assertThat(Setting.GATE.get()).isEqualTo("off");
    System.setProperty("filigree.dry-run", "true");
    assertThat(Setting.DRY_RUN.isTrue()).isTrue();
  }

  @Test
  void illegalValueNamesTheLegalOnes() {
    System.setProperty("filigree.gate", "of");
    assertThatThrownBy(Setting.GATE::get)
        .isInstanceOf(FiligreeException.class)
        .hasMessageStartingWith("FIL-0213: ")
        .hasMessageContaining("gate")
        .hasMessageContaining("auto, off, always-sparse");
  }

  @Test
  void precisionIsSinglePrecisionUnlessSaidOtherwise() {
    assertThat(Setting.PRECISION.get()).isEqualTo("f32");
    System.setProperty("filigree.precision", "bf16");
    assertThat(Setting.PRECISION.get()).isEqualTo("bf16");
    System.setProperty("filigree.precision", "fp16");
    assertThatThrownBy(Setting.PRECISION::get)
        .isInstanceOf(FiligreeException.class)
        .hasMessage("FIL-0213: filigree.precision = \"fp16\" is not understood. Legal: f32, bf16.");
  }

  @Test
  void wholeNumbers() {
    assertThat(Setting.THREADS.getInt()).isZero();
    System.setProperty("filigree.check.every", "17");
    assertThat(Setting.CHECK_EVERY.getInt()).isEqualTo(17);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "two", "", "99999999999"})
  void notAWholeNumber(String value) {
    System.setProperty("filigree.threads", value);
    assertThatThrownBy(Setting.THREADS::getInt)
        .isInstanceOfSatisfying(
            FiligreeException.class, e -> assertThat(e.id()).isEqualTo(Message.FIL_0213));
  }

  @Test
  void allAreChecked() {
    Setting.check();
    for (Setting s : Setting.values()) {
      boolean anything = s == Setting.RECIPE || s == Setting.GATE_CACHE;
      System.setProperty(s.property(), "maybe");
      if (anything) {
        Setting.check();
      } else {
        assertThatThrownBy(Setting::check)
            .isInstanceOf(FiligreeException.class)
            .hasMessageStartingWith(
                "FIL-0213: " + s.property() + " = \"maybe\" is not understood.");
      }
      System.clearProperty(s.property());
    }
  }
}
