package dev.filigree.cli.decoder;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.BlockActivation;
import dev.filigree.decoder.serve.InputChoice;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Thresholds as results name them. */
final class Thresholds {
  private Thresholds() {}

  /**
   * By layer for CATS and RELU, else by layer and projection; of the hidden units of CHESS and of
   * the inputs of WINA_THRESHOLD the least and the greatest. Null where there are none.
   */
  static Map<String, Float> byName(ActivationSetting activation, DecoderConfig config) {
    if (activation.blocks() != null) {
      return declared(activation.blocks());
    }
    if (activation.thresholds() == null) {
      return null;
    }
    Map<String, Float> out = new TreeMap<>();
    for (int l = 0; l < activation.thresholds().length; l++) {
      float[] layer = activation.thresholds()[l];
      if (layer.length == 1) {
        out.put(String.valueOf(l), layer[0]);
      } else if (activation.method() == ActivationSetting.Method.CHESS) {
        float[] units = Arrays.copyOfRange(layer, ActivationSetting.UNITS, layer.length);
        out.put(l + "." + Projection.Q.shortName(), layer[ActivationSetting.QUERY]);
        out.put(l + "." + Projection.O.shortName(), layer[ActivationSetting.OUTPUT]);
        range(out, l + ".gate", units);
      } else if (activation.method() == ActivationSetting.Method.WINA_THRESHOLD) {
        for (Projection p : Projection.values()) {
          float[] inputs = ActivationSetting.ofSite(layer, p.site(), config);
          range(out, l + "." + p.shortName(), inputs);
        }
      } else {
        for (Projection p : Projection.values()) {
          out.put(l + "." + p.shortName(), layer[p.index()]);
        }
      }
    }
    return out;
  }

  private static Map<String, Float> declared(List<BlockActivation> blocks) {
    Map<String, Float> out = new TreeMap<>();
    for (int l = 0; l < blocks.size(); l++) {
      BlockActivation block = blocks.get(l);
      if (block.gates().length == 1) {
        out.put(String.valueOf(l), block.gates()[0]);
      } else if (block.skipsUnits()) {
        range(out, l + ".gate", block.gates());
      }
      for (Projection p : Projection.values()) {
        if (block.inputs(p).kind() == InputChoice.Kind.ABOVE) {
          out.put(l + "." + p.shortName(), block.inputs(p).threshold());
        }
      }
    }
    return out.isEmpty() ? null : out;
  }

  private static void range(Map<String, Float> out, String name, float... thresholds) {
    float[] sorted = thresholds.clone();
    Arrays.sort(sorted);
    out.put(name + ".least", sorted[0]);
    out.put(name + ".greatest", sorted[sorted.length - 1]);
  }
}
