package dev.filigree.cli.decoder;

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
   * By layer for CATS and RELU, else by layer and projection; of the hidden units of CHESS the
   * least and the greatest. Null where there are none.
   */
  static Map<String, Float> byName(ActivationSetting activation) {
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
        gates(out, l, units);
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
        gates(out, l, block.gates());
      }
      for (Projection p : Projection.values()) {
        if (block.inputs(p).kind() == InputChoice.Kind.ABOVE) {
          out.put(l + "." + p.shortName(), block.inputs(p).threshold());
        }
      }
    }
    return out.isEmpty() ? null : out;
  }

  private static void gates(Map<String, Float> out, int layer, float... units) {
    float[] sorted = units.clone();
    Arrays.sort(sorted);
    out.put(layer + ".gate.least", sorted[0]);
    out.put(layer + ".gate.greatest", sorted[sorted.length - 1]);
  }
}
