package dev.filigree.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Setting;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AgentArgumentsTest {
  @Test
  void readsKeysOfSettings() {
    assertThat(AgentArguments.parse(null).settings()).isEmpty();
    assertThat(AgentArguments.parse("  ").settings()).isEmpty();
    assertThat(AgentArguments.parse("gate=off, check.every = 7").settings())
        .containsExactly(Map.entry(Setting.GATE, "off"), Map.entry(Setting.CHECK_EVERY, "7"));
  }

  @Test
  void whatItFormatsItReads() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("threads", "2");
    options.put("dry-run", "true");
    Path reply = Path.of("some", "reply");
    AgentArguments parsed = AgentArguments.parse(AgentArguments.format(options, reply));
    assertThat(parsed.reply()).contains(reply);
    assertThat(parsed.settings())
        .containsExactly(Map.entry(Setting.THREADS, "2"), Map.entry(Setting.DRY_RUN, "true"));
  }

  @Test
  void namesWhatItDoesNotKnow() {
    for (String bad : new String[] {"treads=1", "gate=off,", "=1", "a"}) {
      assertThatThrownBy(() -> AgentArguments.parse(bad))
          .isInstanceOf(FiligreeException.class)
          .hasMessageStartingWith("FIL-0503")
          .hasMessageContaining(Setting.keys());
    }
    assertThatThrownBy(() -> AgentArguments.parse("gate")).hasMessageStartingWith("FIL-0511");
    assertThatThrownBy(() -> AgentArguments.format(Map.of("treads", "1"), Path.of("r")))
        .hasMessageStartingWith("FIL-0503");
  }
}
