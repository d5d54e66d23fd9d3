package dev.filigree.agent;

import dev.filigree.plan.Message;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The agent's lines on standard error, each at most once. They are kept as well, as the answer to a
 * process that attached this one.
 */
final class Log {
  private final List<String> lines = new ArrayList<>();
  private final Set<String> seen = new HashSet<>();

  void message(Message message, Object... arguments) {
    line(message.text(arguments));
  }

  synchronized void line(String line) {
    if (seen.add(line)) {
      lines.add(line);
      System.err.println(line);
    }
  }

  synchronized List<String> lines() {
    return List.copyOf(lines);
  }
}
