package dev.filigree.decoder.load;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import java.util.LinkedHashMap;
import java.util.Map;

/** The names GGUF files give the tensors of a decoder. */
final class GgufNames {
  static final String EMBEDDING = "token_embd.weight";
  static final String HEAD = "output.weight";
  static final String ROPE_FACTORS = "rope_freqs.weight";

  private GgufNames() {}

  /** By the names of {@link DecoderWeights}, in their order. */
  static Map<String, String> of(DecoderConfig c) {
    Map<String, String> names = new LinkedHashMap<>();
    names.put(DecoderWeights.EMBEDDING, EMBEDDING);
    for (int l = 0; l < c.layers(); l++) {
      names.put(DecoderWeights.attentionNorm(l), weight("attn_norm", l));
      for (Projection p : Projection.values()) {
        names.put(p.weight(l), weight(module(p), l));
        if (p.hasBias(c)) {
          names.put(p.bias(l), bias(module(p), l));
        }
      }
      names.put(DecoderWeights.feedForwardNorm(l), weight("ffn_norm", l));
    }
    names.put(DecoderWeights.FINAL_NORM, "output_norm.weight");
    if (!c.tiedHead()) {
      names.put(DecoderWeights.HEAD, HEAD);
    }
    return names;
  }

  private static String module(Projection p) {
    return switch (p) {
      case Q -> "attn_q";
      case K -> "attn_k";
      case V -> "attn_v";
      case O -> "attn_output";
      case GATE -> "ffn_gate";
      case UP -> "ffn_up";
      case DOWN -> "ffn_down";
    };
  }

  static String bias(String module, int layer) {
    return "blk." + layer + "." + module + ".bias";
  }

  private static String weight(String module, int layer) {
    return "blk." + layer + "." + module + ".weight";
  }
}
