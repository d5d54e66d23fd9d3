package dev.filigree.decoder.jinja;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Filters that the engine lacks or writes otherwise than Python does. */
final class TemplateFilters {
  private static final Gson TEXT = new GsonBuilder().disableHtmlEscaping().create();

  private TemplateFilters() {}

  static List<Filter> all() {
    return List.of(new Items(), new ToJson());
  }

  /** Pairs of a dictionary. */
  private static final class Items implements Filter {
    @Override
    public String getName() {
      return "items";
    }

    @Override
    public Object filter(Object value, JinjavaInterpreter interpreter, String... arguments) {
      if (value == null) {
        return new ArrayList<>();
      }
      if (value instanceof Map<?, ?> map) {
        return new ArrayList<>(map.entrySet());
      }
      throw new JinjaException("items: a dictionary is needed");
    }
  }

  /** JSON as Python spells it in one line. */
  private static final class ToJson implements Filter {
    @Override
    public String getName() {
      return "tojson";
    }

    @Override
    public Object filter(
        Object value,
        JinjavaInterpreter interpreter,
        Object[] arguments,
        Map<String, Object> named) {
      if (arguments.length > 0 || named.values().stream().anyMatch(v -> v != null)) {
        throw new JinjaException("tojson with arguments is not supported");
      }
      StringBuilder out = new StringBuilder();
      write(out, value, /* depth= */ 0);
      return out.toString();
    }

    @Override
    public Object filter(Object value, JinjavaInterpreter interpreter, String... arguments) {
      return filter(value, interpreter, arguments, Map.of());
    }

    private static void write(StringBuilder out, Object value, int depth) {
      if (depth > 100) {
        throw new JinjaException("tojson: the value is nested too deep");
      }
      JinjaTemplate.checkLength(out.length());
      if (value == null || value instanceof Boolean || value instanceof Number) {
        out.append(value);
      } else if (value instanceof CharSequence text) {
        TEXT.toJson(text.toString(), out);
      } else if (value instanceof Map<?, ?> map) {
        String between = "{";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.append(between);
          write(out, String.valueOf(entry.getKey()), depth + 1);
          out.append(": ");
          write(out, entry.getValue(), depth + 1);
          between = ", ";
        }
        out.append(map.isEmpty() ? "{}" : "}");
      } else if (value instanceof List<?> list) {
        String between = "[";
        for (Object element : list) {
          out.append(between);
          write(out, element, depth + 1);
          between = ", ";
        }
        out.append(list.isEmpty() ? "[]" : "]");
      } else {
        throw new JinjaException("tojson: a value of this kind is not supported");
      }
    }
  }
}
