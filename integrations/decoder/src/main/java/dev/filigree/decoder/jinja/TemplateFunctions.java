package dev.filigree.decoder.jinja;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** The functions that chat templates expect beside those of Jinja. Public for the engine only. */
public final class TemplateFunctions {
  private static final Pattern DIRECTIVE = Pattern.compile("%(.?)", Pattern.DOTALL);

  private TemplateFunctions() {}

  static List<ELFunctionDefinition> all() {
    return List.of(
        new ELFunctionDefinition(
            "", "raise_exception", TemplateFunctions.class, "raiseException", Object.class),
        new ELFunctionDefinition(
            "", "strftime_now", TemplateFunctions.class, "strftimeNow", Object.class));
  }

  /** Ends the rendering: the template refuses these messages. */
  public static Object raiseException(Object reason) {
    throw new JinjaException(String.valueOf(reason));
  }

  /** The time now, by a format of C's {@code strftime}. */
  public static String strftimeNow(Object format) {
    long now =
        JinjavaInterpreter.getCurrent().getConfig().getDateTimeProvider().getCurrentTimeMillis();
    return strftime(
        String.valueOf(format), Instant.ofEpochMilli(now).atZone(ZoneId.systemDefault()));
  }

  static String strftime(String format, ZonedDateTime time) {
    return DIRECTIVE
        .matcher(format)
        .replaceAll(
            found ->
                DateTimeFormatter.ofPattern(pattern(found.group(1)), Locale.ENGLISH).format(time));
  }

  private static String pattern(String directive) {
    return switch (directive) {
      case "d" -> "dd";
      case "m" -> "MM";
      case "Y" -> "uuuu";
      case "y" -> "uu";
      case "b" -> "MMM";
      case "B" -> "MMMM";
      case "a" -> "EEE";
      case "A" -> "EEEE";
      case "j" -> "DDD";
      case "H" -> "HH";
      case "I" -> "hh";
      case "M" -> "mm";
      case "S" -> "ss";
      case "p" -> "a";
      case "Z" -> "zzz";
      case "z" -> "xx";
      case "%" -> "'%'";
      default -> throw new JinjaException("strftime_now: %" + directive + " is not supported");
    };
  }
}
