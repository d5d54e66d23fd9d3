package dev.filigree.recipe;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Globs;
import dev.filigree.plan.Message;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The values of one mapping, each of the type it must have. */
final class Fields {
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?(\\d{1,30}(\\.\\d{0,30})?|\\.\\d{1,30})([eE][-+]?\\d{1,4})?");
  private static final Pattern WHOLE = Pattern.compile("[-+]?\\d{1,18}");

  private final String name;
  private final Place place;
  private final Map<String, YamlNode.Entry> entries;

  private Fields(String name, Place place, Map<String, YamlNode.Entry> entries) {
    this.name = name;
    this.place = place;
    this.entries = entries;
  }

  /**
   * The fields of a mapping.
   *
   * @param name what the mapping is called, for messages
   * @param legal the keys it may have
   * @param elsewhere what to say about keys that mean something in other places
   * @throws FiligreeException FIL-0843 where the node is none, FIL-0842 for another key
   */
  static Fields of(String name, YamlNode node, List<String> legal, Map<String, String> elsewhere) {
    if (!(node instanceof YamlNode.Keys keys)) {
      throw illegal(node.place(), name, node.what(), "a mapping with " + String.join(", ", legal));
    }
    keys.entries()
        .forEach(
            (key, entry) -> {
              if (!legal.contains(key)) {
                String hint = Nearest.hint(key, legal).strip();
                throw new FiligreeException(
                    Message.FIL_0842,
                    entry.place(),
                    name,
                    key.length() > 60 ? key.substring(0, 60) + "..." : key,
                    String.join(", ", legal),
                    elsewhere.getOrDefault(key, hint.isEmpty() ? "Remove it." : hint));
              }
            });
    return new Fields(name, keys.place(), keys.entries());
  }

  /** A message about a value at a place. */
  static FiligreeException illegal(Place place, String name, String found, String legal) {
    return new FiligreeException(Message.FIL_0843, place, name, found, legal, "");
  }

  boolean has(String key) {
    return entries.containsKey(key);
  }

  /** Where the mapping begins. */
  Place place() {
    return place;
  }

  /** Where a key stands; the mapping itself where there is no such key. */
  Place place(String key) {
    return has(key) ? entries.get(key).place() : place;
  }

  Optional<YamlNode> node(String key) {
    return Optional.ofNullable(entries.get(key)).map(YamlNode.Entry::value);
  }

  /** The value of a key that must be there. */
  YamlNode required(String key, String legal) {
    return node(key).orElseThrow(() -> illegal(place, key + " of " + name, "missing", legal));
  }

  /** A number, as YAML writes decimals. */
  Optional<Double> number(String key, String legal) {
    return node(key).map(node -> number(key, node, legal));
  }

  static double number(String key, YamlNode node, String legal) {
    if (node instanceof YamlNode.Text t && !t.quoted() && NUMBER.matcher(t.text()).matches()) {
      return Double.parseDouble(t.text()) + 0.0; // no negative zero
    }
    throw new FiligreeException(
        Message.FIL_0843, node.place(), key, node.what(), legal, numberHint(node));
  }

  /** One number or a list of them; empty where the key is not there. */
  List<Double> numbers(String key, String legal) {
    YamlNode node = has(key) ? entries.get(key).value() : null;
    List<YamlNode> all =
        node instanceof YamlNode.Items items
            ? items.items()
            : node == null ? List.of() : List.of(node);
    return all.stream().map(n -> number(key, n, legal)).toList();
  }

  private static String numberHint(YamlNode node) {
    if (!(node instanceof YamlNode.Text t)) {
      return "";
    }
    String number = t.text().endsWith("%") ? t.text().substring(0, t.text().length() - 1) : "";
    if (NUMBER.matcher(number).matches()) {
      BigDecimal share = new BigDecimal(number).movePointLeft(2).stripTrailingZeros();
      return share.scale() < 40 && share.scale() > -40
          ? " Did you mean " + share.toPlainString() + "?"
          : "";
    }
    return t.quoted() && NUMBER.matcher(t.text()).matches() ? " Write it without quotes." : "";
  }

  /** A whole number that an {@code int} holds. */
  Optional<Integer> integer(String key) {
    return node(key).map(node -> integer(key, node));
  }

  static int integer(String key, YamlNode node) {
    long value = whole(key, node, "a whole number");
    if (value != (int) value) {
      throw illegal(node.place(), key, node.what(), "a whole number below 2,147,483,648");
    }
    return (int) value;
  }

  static long whole(String key, YamlNode node, String legal) {
    if (node instanceof YamlNode.Text t && !t.quoted() && WHOLE.matcher(t.text()).matches()) {
      return Long.parseLong(t.text());
    }
    throw new FiligreeException(
        Message.FIL_0843, node.place(), key, node.what(), legal, numberHint(node));
  }

  /** A text that is not empty. */
  static String text(String key, YamlNode node, String legal) {
    if (node instanceof YamlNode.Text t && !t.text().isEmpty()) {
      return t.text();
    }
    throw illegal(node.place(), key, node.what(), legal);
  }

  /** One of the legal words; upper case, hyphens and underscores make no difference. */
  static String choice(String key, YamlNode node, List<String> legal) {
    String all = String.join(", ", legal);
    String text = text(key, node, all);
    return legal.stream()
        .filter(l -> Nearest.plain(l).equals(Nearest.plain(text)))
        .findFirst()
        .orElseThrow(
            () ->
                new FiligreeException(
                    Message.FIL_0843,
                    node.place(),
                    key,
                    node.what(),
                    all,
                    Nearest.hint(text, legal)));
  }

  /** One of the constants of an enumeration. */
  <E extends Enum<E>> Optional<E> choice(String key, Class<E> type, List<E> not) {
    List<E> constants =
        Arrays.stream(type.getEnumConstants()).filter(c -> !not.contains(c)).toList();
    List<String> labels = constants.stream().map(Words::of).toList();
    return node(key).map(node -> constants.get(labels.indexOf(choice(key, node, labels))));
  }

  /** One glob or a list of them; empty where the key is not there. */
  List<String> globs(String key) {
    if (!has(key)) {
      return List.of();
    }
    YamlNode node = entries.get(key).value();
    List<YamlNode> all = node instanceof YamlNode.Items items ? items.items() : List.of(node);
    if (all.isEmpty()) {
      throw illegal(node.place(), key, "an empty list", "a glob or a list of globs");
    }
    List<String> globs = new ArrayList<>();
    for (YamlNode item : all) {
      String glob = text(key, item, "a glob or a list of globs");
      Globs.problem(glob)
          .ifPresent(
              why -> {
                throw new FiligreeException(
                    Message.FIL_0844, item.place(), Message.FIL_0127.text(glob, why));
              });
      globs.add(glob);
    }
    return List.copyOf(globs);
  }

  /** The keys that are there, of those given. */
  String present(List<String> keys) {
    return keys.stream().filter(this::has).collect(Collectors.joining(", "));
  }
}
