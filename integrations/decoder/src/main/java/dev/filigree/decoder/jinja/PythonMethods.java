package dev.filigree.decoder.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringTokenizer;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The methods of Python's dictionaries, lists and texts that chat templates call. */
final class PythonMethods {
  private PythonMethods() {}

  static Object ofMap(Map<?, ?> map, String method, Object[] given) {
    return switch (method) {
      case "get" -> {
        check(method, given, 1, 2);
        Object found = map.get(given[0]);
        yield found == null && given.length == 2 ? given[1] : found;
      }
      case "items" -> new ArrayList<>(map.entrySet());
      case "keys" -> new ArrayList<>(map.keySet());
      case "values" -> new ArrayList<>(map.values());
      default -> throw unknown("dictionaries", method);
    };
  }

  static Object ofList(List<?> list, String method, Object[] given) {
    return switch (method) {
      case "append" -> {
        check(method, given, 1, 1);
        append(list, given[0]);
        // As in Python; a statement "do" shows nothing.
        yield null;
      }
      case "index" -> {
        check(method, given, 1, 1);
        int at = list.indexOf(given[0]);
        if (at < 0) {
          throw new JinjaException("index: the list has no such element");
        }
        yield at;
      }
      default -> throw unknown("lists", method);
    };
  }

  @SuppressWarnings("unchecked")
  private static void append(List<?> list, Object element) {
    // Lists that a template made; those it was given cannot be changed and say so.
    try {
      ((List<Object>) list).add(element);
    } catch (UnsupportedOperationException e) {
      throw new JinjaException("append: this list cannot be changed", e);
    }
  }

  static Object ofText(String text, String method, Object[] given) {
    return switch (method) {
      case "strip" -> strip(text, method, given, true, true);
      case "lstrip" -> strip(text, method, given, true, false);
      case "rstrip" -> strip(text, method, given, false, true);
      case "upper" -> text.toUpperCase(Locale.ROOT);
      case "lower" -> text.toLowerCase(Locale.ROOT);
      case "capitalize" -> capitalize(text);
      case "title" -> title(text);
      case "startswith" -> any(method, given, text::startsWith);
      case "endswith" -> any(method, given, text::endsWith);
      case "split" -> split(text, given);
      case "splitlines" -> new ArrayList<>(text.lines().toList());
      case "find" -> {
        check(method, given, 1, 1);
        yield text.indexOf(text(given[0]));
      }
      case "replace" -> {
        check(method, given, 2, 2);
        yield replace(text, text(given[0]), text(given[1]));
      }
      case "join" -> {
        check(method, given, 1, 1);
        yield join(text, given[0]);
      }
      default -> throw unknown("texts", method);
    };
  }

  private static String strip(
      String text, String method, Object[] given, boolean left, boolean right) {
    check(method, given, 0, 1);
    String which = given.length == 0 ? null : text(given[0]);
    int start = 0;
    int end = text.length();
    while (left && start < end && stripped(text.charAt(start), which)) {
      start++;
    }
    while (right && end > start && stripped(text.charAt(end - 1), which)) {
      end--;
    }
    return text.substring(start, end);
  }

  private static boolean stripped(char c, String which) {
    return which == null
        ? Character.isWhitespace(c) || Character.isSpaceChar(c)
        : which.indexOf(c) >= 0;
  }

  private static String capitalize(String text) {
    return text.isEmpty()
        ? text
        : text.substring(0, 1).toUpperCase(Locale.ROOT)
            + text.substring(1).toLowerCase(Locale.ROOT);
  }

  private static String title(String text) {
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      out.append(inWord ? Character.toLowerCase(c) : Character.toUpperCase(c));
      inWord = Character.isLetter(c);
    }
    return out.toString();
  }

  /** Python takes one text or several there. */
  private static boolean any(String method, Object[] given, Predicate<String> test) {
    check(method, given, 1, 1);
    return given[0] instanceof List<?> several
        ? several.stream().map(PythonMethods::text).anyMatch(test)
        : test.test(text(given[0]));
  }

  private static List<String> split(String text, Object[] given) {
    check("split", given, 0, 2);
    List<String> out = new ArrayList<>();
    if (given.length == 0 || given[0] == null) {
      StringTokenizer words = new StringTokenizer(text);
      while (words.hasMoreTokens()) {
        out.add(words.nextToken());
      }
      return out;
    }
    String separator = text(given[0]);
    if (separator.isEmpty()) {
      throw new JinjaException("split: the separator is empty");
    }
    int most = given.length == 2 ? ((Number) given[1]).intValue() : -1;
    int from = 0;
    for (int at = text.indexOf(separator);
        at >= 0 && (most < 0 || out.size() < most);
        at = text.indexOf(separator, from)) {
      out.add(text.substring(from, at));
      from = at + separator.length();
    }
    out.add(text.substring(from));
    return out;
  }

  private static String replace(String text, String old, String by) {
    long found = 0;
    for (int at = text.indexOf(old);
        at >= 0 && found <= text.length();
        at = text.indexOf(old, at + Math.max(1, old.length()))) {
      found++;
    }
    JinjaTemplate.checkLength(text.length() + found * (by.length() - old.length()));
    return text.replace(old, by);
  }

  private static String join(String separator, Object given) {
    if (!(given instanceof List<?> list)) {
      throw new JinjaException("join: a list is needed");
    }
    long length = (long) separator.length() * list.size();
    for (Object element : list) {
      length += text(element).length();
    }
    JinjaTemplate.checkLength(length);
    return list.stream().map(PythonMethods::text).collect(Collectors.joining(separator));
  }

  private static String text(Object value) {
    if (value instanceof CharSequence text) {
      return text.toString();
    }
    throw new JinjaException("a text is needed, not " + (value == null ? "none" : "another value"));
  }

  private static void check(String method, Object[] given, int least, int most) {
    if (given.length < least || given.length > most) {
      throw new JinjaException(method + " with " + given.length + " arguments is not supported");
    }
  }

  private static JinjaException unknown(String of, String method) {
    return new JinjaException("the method " + method + " of " + of + " is not supported");
  }
}
