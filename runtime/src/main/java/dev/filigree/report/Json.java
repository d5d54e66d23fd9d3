package dev.filigree.report;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;

/**
 * Records as JSON: components become keys in snake case, numbers that are not finite become null,
 * absent values are written as null.
 */
public final class Json {
  private static final Gson COMPACT =
      new GsonBuilder()
          .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
          .registerTypeAdapter(double.class, new FiniteOrNull())
          .registerTypeAdapter(Double.class, new FiniteOrNull())
          .serializeNulls()
          .create();
  private static final Gson INDENTED = COMPACT.newBuilder().setPrettyPrinting().create();

  private Json() {}

  /** The value as indented JSON with a line end after it. */
  public static String text(Object value) {
    return INDENTED.toJson(value) + "\n";
  }

  /**
   * The record that {@link #text} wrote; null for a number is NaN.
   *
   * @throws com.google.gson.JsonParseException where it is something else
   */
  public static <T> T read(String text, Class<T> type) {
    return COMPACT.fromJson(text, type);
  }

  /** The value as JSON on one line, safe inside an HTML script element. */
  static String compact(Object value) {
    return COMPACT.toJson(value);
  }

  private static final class FiniteOrNull extends TypeAdapter<Double> {
    @Override
    public void write(JsonWriter out, Double value) throws IOException {
      if (value == null || !Double.isFinite(value)) {
        out.nullValue();
      } else {
        out.value(value);
      }
    }

    @Override
    public Double read(JsonReader in) throws IOException {
      if (in.peek() == JsonToken.NULL) {
        in.nextNull();
        return Double.NaN;
      }
      return in.nextDouble();
    }
  }
}
