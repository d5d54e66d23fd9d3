package dev.filigree.cli.decoder;

import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import java.util.Map;
import java.util.TreeMap;

/** Thresholds as results name them. */
final class Thresholds {
  private Thresholds() {}

  /** By layer for CATS, else by layer and projection; null where there are none. */
  static Map<String, Float> byName(ActivationSetting activation) {
    if (activation.thresholds() == null) {
      return null;
    }
    Map<String, Float> out = new TreeMap<>();
    for (int l = 0; l < activation.thresholds().length; l++) {
      float[] layer = activation.thresholds()[l];
      if (activation.method() == ActivationSetting.Method.CATS) {
        out.put(String.valueOf(l), layer[0]);
      } else {
        for (Projection p : Projection.values()) {
          out.put(l + "." + p.shortName(), layer[p.index()]);
        }
      }
    }
    return out;
  }
}
