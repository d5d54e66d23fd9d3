package dev.filigree.plan;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Globs over layer paths: {@code *} and {@code ?} inside one name, {@code **} across names. */
public final class Globs {
  private Globs() {}

  /** Whether a glob matches a path of child names joined by {@code /}. */
  public static boolean matches(String glob, String path) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      if (glob.startsWith("**/", i)) {
        regex.append("(?:.*/)?");
        i += 2;
      } else if (glob.startsWith("**", i)) {
        regex.append(".*");
        i++;
      } else if (c == '*') {
        regex.append("[^/]*");
      } else if (c == '?') {
        regex.append("[^/]");
      } else {
        regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return Pattern.matches(regex.toString(), path);
  }

  /** Whether a glob names exactly one path. */
  public static boolean isExact(String glob) {
    return glob.indexOf('*') < 0 && glob.indexOf('?') < 0;
  }

  /** Why a glob can match no path and no name of a tensor; empty where it can. */
  public static Optional<String> problem(String glob) {
    if (glob.isBlank()) {
      return Optional.of("it is empty");
    }
    if (glob.startsWith("/") || glob.endsWith("/")) {
      return Optional.of("paths neither start nor end with '/'");
    }
    if (glob.contains("//")) {
      return Optional.of("a name between two '/' is empty");
    }
    if (glob.indexOf('\\') >= 0 || !glob.strip().equals(glob)) {
      return Optional.of("names are joined by '/' and have no blanks at the ends or backslashes");
    }
    return Optional.empty();
  }

  static void check(List<String> include, List<String> exclude, List<Problem> problems) {
    checkEach(include, "include", problems);
    checkEach(exclude, "exclude", problems);
    if (exclude.contains("**")) {
      problems.add(Problem.of(Message.FIL_0138, "exclude", "**", "every path"));
    } else if (!include.isEmpty() && exclude.containsAll(include)) {
      String all = String.join("\", \"", include);
      problems.add(Problem.of(Message.FIL_0138, "exclude", all, "all that include takes"));
    }
  }

  private static void checkEach(List<String> globs, String attribute, List<Problem> problems) {
    for (int i = 0; i < globs.size(); i++) {
      String reason = reasonItCannotMatch(globs.get(i));
      if (reason != null) {
        String place = attribute + "[" + i + "]";
        problems.add(Problem.of(Message.FIL_0127, place, globs.get(i), reason));
      }
    }
  }

  /** The same for the paths of annotations, whose names have no dots; null where it can. */
  private static String reasonItCannotMatch(String glob) {
    String dots = "names are joined by '/' and have no blanks at the ends, backslashes or dots";
    return problem(glob).orElse(glob.indexOf('.') >= 0 ? dots : null);
  }
}
