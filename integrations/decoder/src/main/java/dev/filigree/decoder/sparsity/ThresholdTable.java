package dev.filigree.decoder.sparsity;

import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Thresholds of TEAL and CATS at every whole percent of sparsity, so that it can be chosen when the
 * calibration data are no longer there.
 *
 * @param inputs by block, by site in the order of {@code Projection.Site}, by percent from 1 to 99
 * @param gates by block, by percent from 1 to 99
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ThresholdTable(float[][][] inputs, float[][] gates) {
  /** How many sparsities there are. */
  public static final int PERCENTS = 99;

  /** Reads them off a calibration. */
  public static ThresholdTable of(ActivationCalibration calibration) {
    double[] sparsities = IntStream.rangeClosed(1, PERCENTS).mapToDouble(p -> p / 100.0).toArray();
    float[][][] inputs = new float[calibration.layers()][][];
    float[][] gates = new float[inputs.length][];
    for (int l = 0; l < inputs.length; l++) {
      Projection.Site[] sites = Projection.Site.values();
      inputs[l] = new float[sites.length][];
      for (int s = 0; s < sites.length; s++) {
        inputs[l][s] = calibration.inputs(l, sites[s]).thresholds(sparsities);
      }
      gates[l] = calibration.gates(l).thresholds(sparsities);
    }
    return new ThresholdTable(inputs, gates);
  }

  /** The setting of TEAL or CATS at a whole percent; empty for another sparsity or method. */
  public Optional<ActivationSetting> setting(Method method, double sparsity) {
    int percent = (int) Math.round(100 * sparsity);
    boolean known = percent >= 1 && percent <= PERCENTS && percent / 100.0 == sparsity;
    if (!known || (method != Method.TEAL && method != Method.CATS)) {
      return Optional.empty();
    }
    float[][] thresholds = new float[inputs.length][];
    for (int l = 0; l < thresholds.length; l++) {
      if (method == Method.CATS) {
        thresholds[l] = new float[] {gates[l][percent - 1]};
        continue;
      }
      thresholds[l] = new float[Projection.values().length];
      Projection.Site[] sites = Projection.Site.values();
      for (int s = 0; s < sites.length; s++) {
        for (Projection p : sites[s].projections()) {
          thresholds[l][p.index()] = inputs[l][s][percent - 1];
        }
      }
    }
    return Optional.of(new ActivationSetting(method, sparsity, thresholds));
  }
}
