package dev.filigree.decoder.sparsity;

import dev.filigree.calibrate.ChannelThresholds;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Thresholds of TEAL and CATS, and of CHESS and WINA with thresholds where these were calibrated,
 * at every whole percent of sparsity, so that it can be chosen when the calibration data are no
 * longer there.
 *
 * @param inputs by block, by site in the order of {@code Projection.Site}, by percent from 1 to 99
 * @param gates by block, by percent from 1 to 99
 * @param units what the thresholds of CHESS come from
 * @param weighed what the thresholds of WINA_THRESHOLD come from
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ThresholdTable(
    float[][][] inputs, float[][] gates, Optional<Units> units, Optional<Weighed> weighed) {
  /** How many sparsities there are. */
  public static final int PERCENTS = 99;

  /**
   * What {@link ChannelThresholds} needs for the threshold of every hidden unit.
   *
   * @param factors by block, by hidden unit
   * @param scores by block, by percent from 1 to 99
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Units(float[][] factors, float[][] scores) {}

  /**
   * What {@link ChannelThresholds} needs for the threshold of every input.
   *
   * @param factors by block, by site in the order of {@code Projection.Site}, by input
   * @param scores by block, by site, by percent from 1 to 99
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Weighed(float[][][] factors, float[][][] scores) {
    private float[] thresholds(int layer, int percent) {
      float[][] sites = new float[factors[layer].length][];
      for (int s = 0; s < sites.length; s++) {
        sites[s] = ChannelThresholds.thresholds(factors[layer][s], scores[layer][s][percent - 1]);
      }
      return ActivationCalibration.joined(sites);
    }
  }

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
    boolean chess = calibration.hasUnits();
    float[][] factors = new float[chess ? inputs.length : 0][];
    float[][] scores = new float[factors.length][];
    for (int l = 0; l < factors.length; l++) {
      factors[l] = calibration.units(l).factors();
      scores[l] = calibration.units(l).scores(sparsities);
    }
    return new ThresholdTable(
        inputs,
        gates,
        chess ? Optional.of(new Units(factors, scores)) : Optional.empty(),
        weighed(calibration, sparsities));
  }

  private static Optional<Weighed> weighed(
      ActivationCalibration calibration, double... sparsities) {
    if (!calibration.hasWeighed()) {
      return Optional.empty();
    }
    Projection.Site[] sites = Projection.Site.values();
    float[][][] factors = new float[calibration.layers()][sites.length][];
    float[][][] scores = new float[factors.length][sites.length][];
    for (int l = 0; l < factors.length; l++) {
      for (int s = 0; s < sites.length; s++) {
        ChannelThresholds own = calibration.weighed(l, sites[s]);
        factors[l][s] = own.factors();
        scores[l][s] = own.scores(sparsities);
      }
    }
    return Optional.of(new Weighed(factors, scores));
  }

  /**
   * The setting of TEAL, CATS, CHESS or WINA_THRESHOLD at a whole percent; empty for another
   * sparsity or method.
   */
  public Optional<ActivationSetting> setting(Method method, double sparsity) {
    int percent = (int) Math.round(100 * sparsity);
    boolean known = percent >= 1 && percent <= PERCENTS && percent / 100.0 == sparsity;
    boolean covered =
        switch (method) {
          case TEAL, CATS -> true;
          case CHESS -> units.isPresent();
          case WINA_THRESHOLD -> weighed.isPresent();
          case NONE, TEAL_GREEDY, WINA, R_SPARSE, COREINFER, RELU, TOPK, DECLARED -> false;
        };
    if (!known || !covered) {
      return Optional.empty();
    }
    float[][] thresholds = new float[inputs.length][];
    for (int l = 0; l < thresholds.length; l++) {
      if (method == Method.CATS) {
        thresholds[l] = new float[] {gates[l][percent - 1]};
        continue;
      }
      if (method == Method.WINA_THRESHOLD) {
        thresholds[l] = weighed.orElseThrow().thresholds(l, percent);
        continue;
      }
      thresholds[l] = new float[Projection.values().length];
      Projection.Site[] sites = Projection.Site.values();
      for (int s = 0; s < sites.length; s++) {
        for (Projection p : sites[s].projections()) {
          thresholds[l][p.index()] = inputs[l][s][percent - 1];
        }
      }
      if (method == Method.CHESS) {
        Units u = units.orElseThrow();
        thresholds[l] =
            ActivationCalibration.chess(
                thresholds[l][Projection.Q.index()],
                thresholds[l][Projection.O.index()],
                ChannelThresholds.thresholds(u.factors[l], u.scores[l][percent - 1]));
      }
    }
    return Optional.of(new ActivationSetting(method, sparsity, thresholds));
  }
}
