package dev.filigree.recipe;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Makes nodes of the events of a YAML parser, within bounds: the parser itself has none on what
 * aliases amount to, and builds collections by recursion.
 */
final class YamlTree {
  /** Lists and mappings in each other. */
  static final int DEPTH = 16;

  /** Nodes, those behind an alias counted each time. */
  static final int NODES = 10_000;

  private final String file;
  private final Iterator<Event> events;
  private final Map<Anchor, Sized> anchors = new HashMap<>();

  private record Sized(YamlNode node, int size) {}

  private YamlTree(String file, Iterator<Event> events) {
    this.file = file;
    this.events = events;
  }

  /**
   * The one document of a text; empty where there is none.
   *
   * @throws FiligreeException FIL-0841 where it is no YAML or more than one document, FIL-0845
   *     where it is beyond the bounds, FIL-0848 for a key that is there twice
   */
  static Optional<YamlNode> of(String file, String text) {
    LoadSettings settings = LoadSettings.builder().setLabel(file).setUseMarks(true).build();
    try {
      return new YamlTree(file, new Parse(settings).parseString(text).iterator()).document();
    } catch (MarkedYamlEngineException e) {
      Place place =
          e.getProblemMark()
              .or(e::getContextMark)
              .map(m -> Place.of(file, m))
              .orElse(new Place(file, 1, 1));
      throw noYaml(e, place, e.getProblem());
    } catch (ReaderException e) {
      throw noYaml(e, placeOf(file, text, e.getPosition()), character(e.getCodePoint()));
    } catch (YamlEngineException e) {
      throw noYaml(e, new Place(file, 1, 1), e.getMessage());
    }
  }

  private static String character(int codePoint) {
    return String.format("the character U+%04X is not allowed in YAML", codePoint);
  }

  /** The parser counts code points here and gives no line. */
  private static Place placeOf(String file, String text, int position) {
    int index =
        text.offsetByCodePoints(0, Math.min(position, text.codePointCount(0, text.length())));
    String before = text.substring(0, index);
    int line = (int) before.chars().filter(c -> c == '\n').count() + 1;
    return new Place(file, line, index - before.lastIndexOf('\n'));
  }

  private static FiligreeException noYaml(Throwable cause, Place place, String problem) {
    boolean tab = problem.contains("\\t(TAB)");
    String what = tab ? "a tab stands where blanks belong" : problem.strip();
    return new FiligreeException(
        cause,
        Message.FIL_0841,
        place,
        what.endsWith(".") ? what.substring(0, what.length() - 1) : what,
        tab ? "Indent with blanks" : "Correct it there or in the line above");
  }

  private Optional<YamlNode> document() {
    YamlNode root = null;
    while (events.hasNext()) {
      Event e = events.next();
      if (e instanceof NodeEvent node) {
        if (root != null) {
          throw new FiligreeException(
              Message.FIL_0841,
              place(e),
              "a second document begins here",
              "Put each recipe into a file of its own");
        }
        root = node(node, 1).node();
      }
    }
    return Optional.ofNullable(root);
  }

  private Sized node(NodeEvent e, int depth) {
    if (depth > DEPTH) {
      throw bound(place(e), "lists and mappings are nested deeper than " + DEPTH);
    }
    if (e instanceof AliasEvent alias) {
      Sized known = anchors.get(alias.getAlias());
      if (known == null) {
        throw new FiligreeException(
            Message.FIL_0841,
            place(e),
            "the alias *" + alias.getAlias() + " names no anchor that ends before it",
            "Write &" + alias.getAlias() + " before what it is to repeat");
      }
      return known;
    }
    refuseTag(e);
    Sized made =
        e instanceof ScalarEvent s
            ? new Sized(new YamlNode.Text(s.getValue(), !s.isPlain(), place(e)), 1)
            : e.getEventId() == Event.ID.SequenceStart ? items(e, depth) : keys(e, depth);
    e.getAnchor().ifPresent(a -> anchors.put(a, made));
    return made;
  }

  private Sized items(Event start, int depth) {
    List<YamlNode> items = new ArrayList<>();
    int size = 1;
    for (Event e = events.next(); e instanceof NodeEvent item; e = events.next()) {
      Sized made = node(item, depth + 1);
      items.add(made.node());
      size = sum(size, made, item);
    }
    return new Sized(new YamlNode.Items(List.copyOf(items), place(start)), size);
  }

  private Sized keys(Event start, int depth) {
    Map<String, YamlNode.Entry> entries = new LinkedHashMap<>();
    int size = 1;
    for (Event e = events.next(); e instanceof NodeEvent key; e = events.next()) {
      Sized name = node(key, depth + 1);
      if (!(name.node() instanceof YamlNode.Text text)) {
        throw new FiligreeException(
            Message.FIL_0843, place(key), "a key", name.node().what(), "a text", "");
      }
      Sized value = node((NodeEvent) events.next(), depth + 1);
      YamlNode.Entry entry = new YamlNode.Entry(place(key), value.node());
      YamlNode.Entry before = entries.putIfAbsent(text.text(), entry);
      if (before != null) {
        throw new FiligreeException(
            Message.FIL_0848, place(key), text.text(), before.place().line());
      }
      size = sum(sum(size, name, key), value, key);
    }
    return new Sized(new YamlNode.Keys(Collections.unmodifiableMap(entries), place(start)), size);
  }

  private int sum(int size, Sized more, Event at) {
    if (size + more.size() > NODES) {
      throw bound(place(at), "with what aliases repeat, there are more than " + NODES + " values");
    }
    return size + more.size();
  }

  private void refuseTag(NodeEvent e) {
    Optional<String> tag =
        e instanceof ScalarEvent s
            ? s.getTag()
            : e instanceof CollectionStartEvent c ? c.getTag() : Optional.empty();
    if (tag.isPresent()) {
      throw new FiligreeException(
          Message.FIL_0841, place(e), "the tag " + tag.get() + " means nothing here", "Remove it");
    }
  }

  private static FiligreeException bound(Place place, String what) {
    return new FiligreeException(
        Message.FIL_0845, place, what, DEPTH + " levels and " + NODES + " values");
  }

  private Place place(Event e) {
    return e.getStartMark().map(m -> Place.of(file, m)).orElse(new Place(file, 1, 1));
  }
}
