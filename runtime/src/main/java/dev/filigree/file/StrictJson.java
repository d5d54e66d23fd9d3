package dev.filigree.file;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** JSON as RFC 8259 has it, without what readers usually forgive: a name twice, or broken text. */
final class StrictJson {
  private StrictJson() {}

  /** Reads the value of one field. */
  interface Field {
    void read(String name, JsonReader json) throws IOException;
  }

  /** Writes one document. */
  interface Body {
    void write(JsonWriter json) throws IOException;
  }

  /** Reads a document that is one object. */
  static void readObject(String text, int nesting, Field field) throws IOException {
    if (text.isEmpty() || text.charAt(0) != '{') {
      throw new MalformedJsonException("it does not begin with '{'");
    }
    JsonReader json = reader(text, nesting);
    try {
      readObject(json, field);
      if (json.peek() != JsonToken.END_DOCUMENT) {
        throw new MalformedJsonException("something follows the object");
      }
    } catch (MalformedJsonException
        | EOFException
        | IllegalStateException
        | NumberFormatException e) {
      throw new MalformedJsonException(JsonReason.of(e), e);
    }
  }

  static void readObject(JsonReader json, Field field) throws IOException {
    expect(json, JsonToken.BEGIN_OBJECT, "an object");
    Set<String> seen = new HashSet<>();
    json.beginObject();
    while (json.hasNext()) {
      String name = checked(json.nextName());
      if (!seen.add(name)) {
        throw new MalformedJsonException("the name \"" + name + "\" occurs twice");
      }
      field.read(name, json);
    }
    json.endObject();
  }

  /** Reads a document that is an array of texts. */
  static List<String> readTexts(String text) throws IOException {
    JsonReader json = reader(text, 1);
    try {
      List<String> texts = texts(json);
      if (json.peek() != JsonToken.END_DOCUMENT) {
        throw new MalformedJsonException("something follows the array");
      }
      return texts;
    } catch (MalformedJsonException | EOFException | IllegalStateException e) {
      throw new MalformedJsonException(JsonReason.of(e), e);
    }
  }

  static List<String> texts(JsonReader json) throws IOException {
    expect(json, JsonToken.BEGIN_ARRAY, "an array");
    List<String> texts = new ArrayList<>();
    json.beginArray();
    while (json.hasNext()) {
      texts.add(text(json));
    }
    json.endArray();
    return texts;
  }

  static String text(JsonReader json) throws IOException {
    expect(json, JsonToken.STRING, "a text");
    return checked(json.nextString());
  }

  /** A whole number from 0 to 2^63 - 1, written without sign, fraction or exponent. */
  static long count(JsonReader json) throws IOException {
    expect(json, JsonToken.NUMBER, "a number");
    String digits = json.nextString();
    if (digits.length() > 19 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new MalformedJsonException(digits + " is no whole number from 0 to 2^63 - 1");
    }
    try {
      return Long.parseLong(digits);
    } catch (NumberFormatException e) {
      throw new MalformedJsonException(digits + " is no whole number from 0 to 2^63 - 1", e);
    }
  }

  static void expect(JsonReader json, JsonToken token, String what) throws IOException {
    JsonToken found = json.peek();
    if (found != token) {
      throw new MalformedJsonException(
          "expected "
              + what
              + ", found "
              + JsonReason.word(found.name())
              + " at "
              + json.getPath());
    }
  }

  /** Writes compact JSON. */
  static String write(Body body) {
    StringWriter out = new StringWriter();
    try (JsonWriter json = new JsonWriter(out)) {
      json.setStrictness(Strictness.STRICT);
      json.setHtmlSafe(false);
      body.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return out.toString();
  }

  /** Whether a text is the same after a way through UTF-8: half a surrogate pair is not. */
  static boolean isEncodable(String text) {
    return StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }

  private static String checked(String text) throws IOException {
    if (!isEncodable(text)) {
      throw new MalformedJsonException("a text holds half a surrogate pair");
    }
    return text;
  }

  private static JsonReader reader(String text, int nesting) {
    JsonReader json = new JsonReader(new StringReader(text));
    json.setStrictness(Strictness.STRICT);
    json.setNestingLimit(nesting);
    return json;
  }
}
