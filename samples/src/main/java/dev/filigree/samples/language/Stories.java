package dev.filigree.samples.language;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Writes little stories, for a text that anybody may have: who meets whom, what is lost and where
 * it is found. What comes later in a story depends on what came before, so there is something to
 * learn beyond the next word.
 */
final class Stories {
  private static final List<String> NAMES =
      List.of("Anna", "Ben", "Clara", "David", "Emma", "Finn", "Greta", "Hugo", "Ida", "Jonas");

  private static final List<String> ANIMALS =
      List.of("fox", "hare", "owl", "hedgehog", "duck", "squirrel", "mouse", "badger");

  private static final List<String> THINGS =
      List.of("ball", "kite", "key", "lantern", "spoon", "hat", "bell", "map", "shoe", "drum");

  private static final List<String> COLOURS =
      List.of("red", "blue", "green", "yellow", "white", "brown");

  private static final List<String> PLACES =
      List.of(
          "under the old bridge",
          "behind the mill",
          "in the tall grass",
          "beside the well",
          "on the highest hill",
          "at the edge of the wood");

  private static final List<String> WEATHER =
      List.of(
          "It was a cold morning.",
          "The sun was shining.",
          "It had rained all night.",
          "There was snow on the roofs.",
          "A warm wind was blowing.");

  private static final List<String> MOODS =
      List.of("very sad", "a little angry", "quite worried", "full of hope");

  private final SplittableRandom random;

  private Stories(long seed) {
    random = new SplittableRandom(seed);
  }

  /** Stories with an empty line between them, of at least that many characters. */
  static String text(long seed, int characters) {
    Stories stories = new Stories(seed);
    StringBuilder out = new StringBuilder();
    while (out.length() < characters) {
      out.append(stories.next()).append("\n\n");
    }
    return out.toString();
  }

  private String next() {
    String name = pick(NAMES);
    String animal = pick(ANIMALS);
    String thing = pick(THINGS);
    String colour = pick(COLOURS);
    String lost = pick(PLACES);
    int days = random.nextInt(2, 6);
    StringBuilder s = new StringBuilder();
    s.append("%s had a %s %s. %s ".formatted(name, colour, thing, pick(WEATHER)));
    s.append(
        random.nextBoolean()
            ? "One day the %s was gone, and %s was %s. ".formatted(thing, name, pick(MOODS))
            : "%s looked for the %s for %d days and was %s. "
                .formatted(name, thing, days, pick(MOODS)));
    s.append("Then %s met a %s %s. ".formatted(name, animal, pick(PLACES)));
    s.append("\"Have you seen a %s %s?\" asked %s. ".formatted(colour, thing, name));
    switch (random.nextInt(3)) {
      case 0 ->
          s.append("\"Yes,\" said the %s. \"It is %s.\" ".formatted(animal, lost))
              .append("They went there together, and the %s was %s. ".formatted(thing, lost));
      case 1 ->
          s.append("\"No,\" said the %s, \"but I will help you.\" ".formatted(animal))
              .append("In the end they found the %s %s %s. ".formatted(colour, thing, lost));
      default ->
          s.append("\"I took the %s,\" said the %s. ".formatted(thing, animal))
              .append("\"I am sorry. You can have it back.\" ");
    }
    s.append("%s thanked the %s, and they were friends from then on.".formatted(name, animal));
    return s.toString();
  }

  private String pick(List<String> from) {
    return from.get(random.nextInt(from.size()));
  }
}
