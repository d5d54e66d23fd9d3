package dev.filigree.file;

import com.google.gson.stream.MalformedJsonException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is wrong with a text that should be JSON, in words instead of those of a library. */
public final class JsonReason {
  private static final Pattern PLACE = Pattern.compile("line (\\d+),? column (\\d+)");
  private static final Pattern LIMIT = Pattern.compile("Nesting limit (\\d+) reached");
  private static final Pattern KIND = Pattern.compile("Expected (?:an? )?(\\w+) but was (\\w+)");
  private static final Pattern INPUT = Pattern.compile("For input string: (\"[^\"]{0,40}\")");

  // Messages of our own readers are reasons already.
  private static final Pattern LIBRARY =
      Pattern.compile("https?://|JsonReader|^Expected |^Nesting limit|^End of input|^Unterminated");
  private static final int MOST_QUOTED = 40;

  private JsonReason() {}

  /**
   * A reason, without a full stop.
   *
   * @param e what a reader threw
   */
  public static String of(Exception e) {
    Throwable innermost = e;
    for (Throwable each = e; each != null; each = each.getCause()) {
      if (each instanceof MalformedJsonException
          && each.getMessage() != null
          && !LIBRARY.matcher(each.getMessage()).find()) {
        return each.getMessage();
      }
      innermost = each;
    }
    String text = String.valueOf(innermost.getMessage());
    Matcher limit = LIMIT.matcher(text);
    if (limit.find()) {
      return "it is nested more than " + limit.group(1) + " levels deep";
    }
    Matcher place = PLACE.matcher(text);
    String where = place.find() ? " at line " + place.group(1) + ", column " + place.group(2) : "";
    Matcher kind = KIND.matcher(text);
    if (kind.find()) {
      return "it has " + word(kind.group(2)) + where + " where " + word(kind.group(1)) + " belongs";
    }
    if (text.startsWith("End of input") || innermost instanceof java.io.EOFException) {
      return "it ends in the middle" + where;
    }
    Matcher input = INPUT.matcher(text);
    if (input.find()) {
      return "it has " + input.group(1) + " where a number belongs" + where;
    }
    if (innermost instanceof NumberFormatException || innermost instanceof ArithmeticException) {
      return "it has a number that is malformed, too large or not whole" + where;
    }
    if (!where.isEmpty()) {
      return "it is no JSON" + where;
    }
    return "it does not have the form it should";
  }

  /** A value as it stands in the text, or its beginning. */
  public static String quoted(Object value) {
    String text = String.valueOf(value);
    return text.length() <= MOST_QUOTED ? text : text.substring(0, MOST_QUOTED) + "...";
  }

  static String word(String kind) {
    return switch (kind) {
      case "BEGIN_ARRAY", "Array" -> "an array";
      case "BEGIN_OBJECT", "Object" -> "an object";
      case "STRING", "string" -> "a text";
      case "NUMBER", "int", "long", "float", "double" -> "a number";
      case "BOOLEAN", "boolean" -> "a truth value";
      case "NULL", "null" -> "null";
      case "END_DOCUMENT" -> "its end";
      default -> "something else";
    };
  }
}
