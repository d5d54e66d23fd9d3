package dev.filigree.decoder.text;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.MalformedJsonException;
import dev.filigree.file.JsonReason;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Looks a {@code tokenizer.json} through before the native library reads it: that ends the whole
 * process over some files it cannot read.
 */
final class TokenizerJson {
  // The native reader gives up at 128, and inside a decoder that ends the process.
  private static final int NESTING = 100;

  private TokenizerJson() {}

  /**
   * The largest id of the vocabulary and of the added tokens, plus one.
   *
   * @throws IOException with the reason where it is no such file
   */
  static int check(String text) throws IOException {
    JsonObject json = parse(text);
    if (!(json.get("model") instanceof JsonObject model)) {
      throw new IOException("it has no model");
    }
    long largest = -1;
    JsonElement vocabulary = model.get("vocab");
    if (vocabulary instanceof JsonObject vocab) {
      for (Map.Entry<String, JsonElement> each : vocab.entrySet()) {
        largest =
            Math.max(largest, id("the id of " + JsonReason.quoted(each.getKey()), each.getValue()));
      }
    } else if (vocabulary instanceof JsonArray pieces) {
      largest = pieces.size() - 1L;
    } else {
      throw new IOException("its model has no vocabulary");
    }
    if (json.get("added_tokens") instanceof JsonArray tokens) {
      for (JsonElement each : tokens) {
        if (!(each instanceof JsonObject token)) {
          throw new IOException("an added token is " + JsonReason.quoted(each) + ", no object");
        }
        largest = Math.max(largest, id("the id of an added token", token.get("id")));
      }
    }
    return (int) largest + 1;
  }

  private static JsonObject parse(String text) throws IOException {
    try {
      walk(reader(text));
      if (JsonParser.parseReader(reader(text)) instanceof JsonObject object) {
        return object;
      }
    } catch (JsonParseException
        | MalformedJsonException
        | EOFException
        | IllegalStateException
        | NumberFormatException e) {
      throw new IOException(JsonReason.of(e), e);
    }
    throw new IOException("it is no JSON object");
  }

  private static JsonReader reader(String text) {
    JsonReader reader = new JsonReader(new StringReader(text));
    reader.setStrictness(Strictness.STRICT);
    reader.setNestingLimit(NESTING);
    return reader;
  }

  /** Every token: numbers have to fit into a double, texts into UTF-8. */
  private static void walk(JsonReader json) throws IOException {
    while (true) {
      switch (json.peek()) {
        case BEGIN_ARRAY -> json.beginArray();
        case END_ARRAY -> json.endArray();
        case BEGIN_OBJECT -> json.beginObject();
        case END_OBJECT -> json.endObject();
        case NAME -> encodable(json.nextName());
        case STRING -> encodable(json.nextString());
        case NUMBER -> {
          String number = json.nextString();
          if (Double.isInfinite(Double.parseDouble(number))) {
            throw new IOException("the number " + JsonReason.quoted(number) + " is too large");
          }
        }
        case BOOLEAN, NULL -> json.skipValue();
        case END_DOCUMENT -> {
          return;
        }
      }
    }
  }

  private static void encodable(String text) throws IOException {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new IOException("a text holds half a surrogate pair");
    }
  }

  private static int id(String what, JsonElement value) throws IOException {
    if (value instanceof JsonPrimitive p && p.isNumber()) {
      try {
        int id = p.getAsBigDecimal().intValueExact();
        if (id >= 0 && id < Integer.MAX_VALUE) {
          return id;
        }
      } catch (ArithmeticException | NumberFormatException e) {
        throw new IOException(what + " is " + JsonReason.quoted(value) + ", no whole number", e);
      }
    }
    throw new IOException(what + " is " + JsonReason.quoted(value) + ", no whole number from 0");
  }
}
