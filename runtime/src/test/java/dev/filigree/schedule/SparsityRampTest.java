package dev.filigree.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.plan.SchedulePlan;
import dev.filigree.plan.SparsityCount;
import dev.filigree.testing.Fixtures;
import org.junit.jupiter.api.Test;

class SparsityRampTest {
  private static SparsityRamp cubic(double from, double to, int start, int end, int every) {
    return SparsityRamp.of(new SchedulePlan(ScheduleKind.CUBIC, start, end, every, 3), from, to, 0);
  }

  @Test
  void cubicIsTheGoldenOne() {
    JsonObject fixture = Fixtures.read("training_steps.json").getAsJsonObject("cubic");
    for (JsonElement element : fixture.getAsJsonArray("schedules")) {
      JsonObject s = element.getAsJsonObject();
      int t0 = s.get("t0").getAsInt();
      int dt = s.get("dt").getAsInt();
      SparsityRamp ramp =
          cubic(
              s.get("s_init").getAsDouble(),
              s.get("s_final").getAsDouble(),
              t0,
              t0 + s.get("n").getAsInt() * dt,
              dt);
      for (JsonElement p : s.getAsJsonArray("points")) {
        long t = p.getAsJsonObject().get("t").getAsLong();
        double expected = p.getAsJsonObject().get("sparsity").getAsDouble();
        assertThat(ramp.at(t)).as("step %s", t).isCloseTo(expected, within(1e-12));
        assertThat(ramp.updatesAt(t))
            .as("step %s", t)
            .isEqualTo(p.getAsJsonObject().get("on_update_step").getAsBoolean());
      }
    }
    SparsityRamp peer = cubic(0.2, 0.8, 100, 110, 1);
    for (JsonElement p : fixture.getAsJsonObject("peer_literal").getAsJsonArray("points")) {
      JsonArray point = p.getAsJsonArray();
      assertThat(peer.at(point.get(0).getAsLong()))
          .isCloseTo(point.get(1).getAsDouble(), within(1e-12));
    }
  }

  @Test
  void valuesAreExactDecimals() {
    SparsityRamp ramp = cubic(0, 0.5, 0, 10, 1);
    assertThat(ramp.at(2)).isEqualTo(0.244);
    assertThat(SparsityCount.floor(1000, ramp.at(2))).isEqualTo(244);
    assertThat(ramp.at(10)).isEqualTo(0.5);
  }

  @Test
  void linearAndConstantAndOneShot() {
    SparsityRamp linear =
        SparsityRamp.of(new SchedulePlan(ScheduleKind.LINEAR, 10, 20, 4, 3), 0.9, 0);
    assertThat(linear.at(9)).isZero();
    assertThat(linear.at(13)).isEqualTo(0.27);
    assertThat(linear.at(20)).isEqualTo(0.9);
    assertThat(updates(linear, 25)).isEqualTo("10 14 18 20");
    SparsityRamp constant =
        SparsityRamp.of(new SchedulePlan(ScheduleKind.CONSTANT, 2, 7, 3, 3), 0.5, 0);
    assertThat(constant.at(1)).isZero();
    assertThat(constant.at(2)).isEqualTo(0.5);
    assertThat(updates(constant, 20)).isEqualTo("2 5 7");
    SparsityRamp once = SparsityRamp.of(SchedulePlan.oneShot(), 0.7, 0);
    assertThat(once.at(0)).isEqualTo(0.7);
    assertThat(updates(once, 20)).isEqualTo("0");
  }

  @Test
  void fractionsAreStepsOfThePlannedTraining() {
    SchedulePlan plan = new SchedulePlan(ScheduleKind.CUBIC, 0.1, 0.29, 20, 3);
    SparsityRamp ramp = SparsityRamp.of(plan, 0.8, 100);
    assertThat(ramp.start()).isEqualTo(10);
    assertThat(ramp.end()).isEqualTo(29);
    SparsityRamp whole = SparsityRamp.of(new SchedulePlan(ScheduleKind.CUBIC, 0, 1, 7, 3), 0.8, 50);
    assertThat(whole.at(49)).isEqualTo(0.8);
    assertThat(whole.at(48)).isLessThan(0.8);
    SparsityRamp single = SparsityRamp.of(new SchedulePlan(ScheduleKind.CUBIC, 0, 1, 7, 3), 0.8, 1);
    assertThat(single.at(0)).isEqualTo(0.8);
    assertThatThrownBy(() -> SparsityRamp.of(plan, 0.8, 0)).hasMessageContaining("FIL-0217");
  }

  @Test
  void otherPowersRise() {
    for (double power : new double[] {0.5, 1, 2, 3.5, 40}) {
      SparsityRamp ramp =
          SparsityRamp.of(new SchedulePlan(ScheduleKind.CUBIC, 0, 90, 1, power), 0.9, 0);
      double last = 0;
      for (int t = 0; t <= 90; t++) {
        double expected = 0.9 - 0.9 * Math.pow(1 - t / 90.0, power);
        assertThat(ramp.at(t)).isGreaterThanOrEqualTo(last).isCloseTo(expected, within(1e-12));
        last = ramp.at(t);
      }
      assertThat(last).isEqualTo(0.9);
    }
  }

  private static String updates(SparsityRamp ramp, int steps) {
    StringBuilder text = new StringBuilder();
    for (int t = 0; t < steps; t++) {
      if (ramp.updatesAt(t)) {
        text.append(t).append(' ');
      }
    }
    return text.toString().strip();
  }
}
