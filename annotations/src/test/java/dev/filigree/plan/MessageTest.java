package dev.filigree.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MessageTest {

  @ParameterizedTest
  @EnumSource(Message.class)
  void isASentenceWithATag(Message m) {
    Object[] arguments = new Object[12];
    Arrays.fill(arguments, "x");
    String text = m.text(arguments);
    assertThat(m.tag()).matches("FIL-\\d{4}");
    assertThat(text).startsWith(m.tag() + ": ").doesNotContain("%s").doesNotContain("  ");
  }

  @Test
  void tagsAscend() {
    assertThat(Arrays.stream(Message.values()).map(Message::tag).toList()).isSorted();
  }
}
