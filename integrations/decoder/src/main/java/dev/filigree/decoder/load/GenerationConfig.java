package dev.filigree.decoder.load;

import dev.filigree.decoder.model.DecoderConfig;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;

/** {@code generation_config.json} of Hugging Face: more ids that end a text. */
final class GenerationConfig {
  /** The name of the file. */
  static final String NAME = "generation_config.json";

  private GenerationConfig() {}

  /**
   * The shape, ended by these ids as well.
   *
   * @param where named in messages
   * @throws dev.filigree.plan.FiligreeException FIL-0701 where the file is none
   */
  static DecoderConfig addTo(DecoderConfig config, String text, Object where) {
    Set<Integer> stops = new LinkedHashSet<>(config.stops());
    stops.addAll(ConfigJson.fields(text, where).ids("eos_token_id"));
    return config.withStops(new ArrayList<>(stops));
  }
}
