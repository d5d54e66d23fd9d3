package dev.filigree.decoder.load;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** {@code generation_config.json} of Hugging Face: more ids that end a text. */
final class GenerationConfig {
  /** The name of the file. */
  static final String NAME = "generation_config.json";

  private static final String STOPS = "eos_token_id";

  private GenerationConfig() {}

  /**
   * The shape, ended by these ids as well.
   *
   * @param where named in messages
   * @throws FiligreeException FIL-0701 where the file is none
   */
  static DecoderConfig addTo(DecoderConfig config, String text, Object where) {
    Set<Integer> stops = new LinkedHashSet<>(config.stops());
    try {
      JsonObject json = JsonParser.parseString(text).getAsJsonObject();
      JsonElement value = json.get(STOPS);
      if (value != null && !value.isJsonNull()) {
        List<JsonElement> ids =
            value.isJsonArray() ? value.getAsJsonArray().asList() : List.of(value);
        ids.forEach(id -> stops.add(id.getAsBigDecimal().intValueExact()));
      }
    } catch (JsonParseException
        | IllegalStateException
        | ArithmeticException
        | NumberFormatException
        | UnsupportedOperationException e) {
      throw new FiligreeException(e, Message.FIL_0701, where, "it is malformed: " + e.getMessage());
    }
    return config.withStops(new ArrayList<>(stops));
  }
}
