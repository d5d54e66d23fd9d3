package dev.filigree.cli.decoder;

import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import java.util.Arrays;
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
        Arrays.sort(units);
        out.put(l + "." + Projection.Q.shortName(), layer[ActivationSetting.QUERY]);
        out.put(l + "." + Projection.O.shortName(), layer[ActivationSetting.OUTPUT]);
        out.put(l + ".gate.least", units[0]);
        out.put(l + ".gate.greatest", units[units.length - 1]);
      } else {
        for (Projection p : Projection.values()) {
          out.put(l + "." + p.shortName(), layer[p.index()]);
        }
      }
    }
    return out;
  }
}
