package dev.filigree.decoder.load;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.filigree.file.JsonReason;
import dev.filigree.plan.FiligreeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The fields of a configuration as the types that are wanted; null counts as absent. */
final class JsonFields {
  private final JsonObject json;
  private final Function<String, FiligreeException> refusal;

  /**
   * @param refusal makes the exception from a reason
   */
  JsonFields(JsonObject json, Function<String, FiligreeException> refusal) {
    this.json = json;
    this.refusal = refusal;
  }

  boolean has(String key) {
    return json.has(key) && !json.get(key).isJsonNull();
  }

  FiligreeException refused(String reason) {
    return refusal.apply(reason);
  }

  private FiligreeException illegal(String key, JsonElement found, String legal) {
    return refused(key + " is " + JsonReason.quoted(found) + "; legal: " + legal);
  }

  private JsonElement required(String key) {
    if (!has(key)) {
      throw refused(key + " is missing");
    }
    return json.get(key);
  }

  /** A text; truth values count as their name. */
  String text(String key) {
    if (required(key) instanceof JsonPrimitive p && !p.isNumber()) {
      return p.getAsString();
    }
    throw illegal(key, json.get(key), "a text");
  }

  /** A whole number of 32 bits. */
  int whole(String key) {
    return whole(key, required(key));
  }

  private int whole(String key, JsonElement value) {
    if (value instanceof JsonPrimitive p && p.isNumber()) {
      try {
        return p.getAsBigDecimal().intValueExact();
      } catch (ArithmeticException | NumberFormatException e) {
        throw illegal(key, value, "a whole number up to " + Integer.MAX_VALUE);
      }
    }
    throw illegal(key, value, "a whole number up to " + Integer.MAX_VALUE);
  }

  int whole(String key, int fallback) {
    return has(key) ? whole(key) : fallback;
  }

  double real(String key) {
    return real(key, required(key));
  }

  private double real(String key, JsonElement value) {
    if (value instanceof JsonPrimitive p && p.isNumber()) {
      try {
        return p.getAsDouble();
      } catch (NumberFormatException e) {
        throw illegal(key, value, "a number");
      }
    }
    throw illegal(key, value, "a number");
  }

  double real(String key, double fallback) {
    return has(key) ? real(key) : fallback;
  }

  boolean flag(String key, boolean fallback) {
    if (!has(key)) {
      return fallback;
    }
    if (json.get(key) instanceof JsonPrimitive p && p.isBoolean()) {
      return p.getAsBoolean();
    }
    throw illegal(key, json.get(key), "true, false");
  }

  /** Numbers. */
  List<Double> reals(String key) {
    if (required(key) instanceof JsonArray array) {
      List<Double> out = new ArrayList<>();
      array.forEach(e -> out.add(real(key, e)));
      return out;
    }
    throw illegal(key, json.get(key), "an array of numbers");
  }

  /** Ids: one number, or an array of them. */
  List<Integer> ids(String key) {
    List<Integer> out = new ArrayList<>();
    if (has(key)) {
      if (json.get(key) instanceof JsonArray array) {
        array.forEach(e -> out.add(whole(key, e)));
      } else {
        out.add(whole(key));
      }
    }
    return out;
  }

  /** An object, where there is one. */
  Optional<JsonFields> object(String key) {
    if (!has(key)) {
      return Optional.empty();
    }
    if (json.get(key) instanceof JsonObject object) {
      return Optional.of(new JsonFields(object, refusal));
    }
    throw illegal(key, json.get(key), "an object");
  }
}
