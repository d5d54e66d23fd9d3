package dev.filigree.agent;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What stands after {@code -javaagent:filigree-agent.jar=}: {@code key=value,key=value} with the
 * keys of {@link Setting}.
 *
 * @param settings what was given, by setting, in the order given
 * @param reply where to write the agent's lines for the process that attached this one
 */
record AgentArguments(Map<Setting, String> settings, Optional<Path> reply) {
  private static final String REPLY = "reply";

  /**
   * Reads an argument string; null and blank are no arguments.
   *
   * @throws FiligreeException FIL-0503 for an unknown key, FIL-0511 for one without a value
   */
  static AgentArguments parse(String text) {
    Map<Setting, String> settings = new LinkedHashMap<>();
    Optional<Path> reply = Optional.empty();
    if (text == null || text.isBlank()) {
      return new AgentArguments(settings, reply);
    }
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      String key = (equals < 0 ? part : part.substring(0, equals)).strip();
      if (key.equals(REPLY) && equals >= 0) {
        reply = Optional.of(Path.of(part.substring(equals + 1)));
        continue;
      }
      Setting setting = setting(key);
      if (equals < 0) {
        throw new FiligreeException(Message.FIL_0511, key, key);
      }
      settings.put(setting, part.substring(equals + 1).strip());
    }
    return new AgentArguments(settings, reply);
  }

  /**
   * The argument string for another process.
   *
   * @throws FiligreeException FIL-0503 for an unknown key
   */
  static String format(Map<String, String> options, Path reply) {
    String settings =
        options.entrySet().stream()
            .map(e -> setting(e.getKey()).key() + "=" + e.getValue())
            .collect(Collectors.joining(","));
    return settings + (settings.isEmpty() ? "" : ",") + REPLY + "=" + reply;
  }

  /**
   * Makes them system properties, which everything else of Filigree reads.
   *
   * @throws FiligreeException FIL-0213 if a value is not legal; then no property is changed
   */
  void apply() {
    Map<String, String> before = new HashMap<>();
    try {
      settings.forEach(
          (setting, value) -> {
            before.put(setting.property(), System.setProperty(setting.property(), value));
            setting.get();
          });
    } catch (FiligreeException e) {
      before.forEach(AgentArguments::restore);
      throw e;
    }
  }

  private static void restore(String property, String value) {
    if (value == null) {
      System.clearProperty(property);
    } else {
      System.setProperty(property, value);
    }
  }

  private static Setting setting(String key) {
    return Setting.byKey(key)
        .orElseThrow(() -> new FiligreeException(Message.FIL_0503, key, Setting.keys()));
  }
}
