package dev.filigree.agent;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Collectors;

/** The annotated classes met so far, and blocks that carry none of our annotations. */
final class Findings {
  private static final int SHOWN = 5;

  private final ConcurrentSkipListMap<String, String> annotated = new ConcurrentSkipListMap<>();
  private final Set<String> candidates = new ConcurrentSkipListSet<>();

  /** Notes what one class declares. */
  void add(String className, ClassFacts facts) {
    boolean houseAnnotation = facts.isInterface() && facts.factories().isEmpty();
    if (facts.annotated() && !houseAnnotation) {
      annotated.put(className, declarations(facts));
    } else if (facts.extendsDjlBlock()) {
      candidates.add(className);
    }
  }

  /** The annotated classes with what they declare, by name. */
  Map<String, String> annotated() {
    return new TreeMap<>(annotated);
  }

  /** Names of blocks without annotations. */
  Set<String> candidates() {
    return new TreeSet<>(candidates);
  }

  /** A few of the names, and how many more. */
  static String some(Collection<String> names) {
    String shown = names.stream().limit(SHOWN).collect(Collectors.joining(", "));
    return names.size() <= SHOWN ? shown : shown + " and " + (names.size() - SHOWN) + " more";
  }

  private static String declarations(ClassFacts facts) {
    Set<String> out = new TreeSet<>();
    if (facts.onType()) {
      out.add("the type");
    }
    facts.fields().forEach(f -> out.add("field " + f));
    facts.factories().forEach(m -> out.add("method " + m.substring(0, m.indexOf('('))));
    return String.join(", ", out);
  }
}
