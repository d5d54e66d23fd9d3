package dev.filigree.decoder.sparsity;

import dev.filigree.calibrate.ChannelThresholds;
import dev.filigree.calibrate.MagnitudeThreshold;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.LayerObserver;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedLayer;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The distribution of a decoder's activations, gathered once on the untouched model; thresholds of
 * any sparsity come from it.
 */
public final class ActivationCalibration {
  private final DecoderConfig config;
  private final List<Map<Projection.Site, MagnitudeThreshold>> inputs;
  private final List<MagnitudeThreshold> gates;
  private final List<ChannelThresholds> units;

  private ActivationCalibration(
      DecoderConfig config,
      List<Map<Projection.Site, MagnitudeThreshold>> inputs,
      List<MagnitudeThreshold> gates,
      List<ChannelThresholds> units) {
    this.config = config;
    this.inputs = inputs;
    this.gates = gates;
    this.units = units;
  }

  /**
   * Sends sequences through the model.
   *
   * @param methods what it is for; CHESS takes a second pass through every block
   * @throws FiligreeException FIL-0717, FIL-0713, FIL-0714 for the sequences
   */
  public static ActivationCalibration of(
      DecoderWeights weights,
      List<int[]> sequences,
      Set<Method> methods,
      DecoderPruning.Progress progress) {
    DecoderConfig c = weights.config();
    BlockPass pass = new BlockPass(weights, sequences);
    List<Map<Projection.Site, MagnitudeThreshold>> inputs = new ArrayList<>();
    List<MagnitudeThreshold> gates = new ArrayList<>();
    List<ChannelThresholds> units = new ArrayList<>();
    for (int l = 0; l < c.layers(); l++) {
      Map<Projection.Site, MagnitudeThreshold> sites = new EnumMap<>(Projection.Site.class);
      for (Projection.Site site : Projection.Site.values()) {
        sites.put(site, new MagnitudeThreshold(site.projections()[0].weight(l)));
      }
      MagnitudeThreshold gate = new MagnitudeThreshold(Projection.GATE.weight(l));
      try (PackedLayer block = PackedLayer.pack(weights, l, PackSettings.DENSE)) {
        if (methods.contains(Method.CHESS)) {
          units.add(
              new ChannelThresholds(
                  Projection.GATE.weight(l), UpEnergies.of(pass, block, c.hidden())));
        }
        ChannelThresholds own = units.isEmpty() ? null : units.get(l);
        pass.run(
            block,
            null,
            new LayerObserver() {
              @Override
              public void inputs(Projection.Site site, FloatBuffer rows) {
                sites.get(site).add(rows);
              }

              @Override
              public void units(FloatBuffer gates, FloatBuffer ups) {
                gate.add(gates);
                if (own != null) {
                  own.add(gates);
                }
              }
            });
      }
      inputs.add(sites);
      gates.add(gate);
      progress.at(l + 1, c.layers());
    }
    return new ActivationCalibration(c, inputs, gates, units);
  }

  /**
   * TEAL's uniform thresholds or those of CATS or CHESS, at any sparsity.
   *
   * @param method TEAL, CATS, or CHESS where the calibration was made for it
   */
  public ActivationSetting setting(Method method, double sparsity) {
    float[][] thresholds = new float[config.layers()][];
    for (int l = 0; l < thresholds.length; l++) {
      if (method == Method.CATS) {
        thresholds[l] = new float[] {gates.get(l).threshold(sparsity)};
      } else if (method == Method.CHESS) {
        thresholds[l] =
            chess(
                threshold(l, Projection.Q, sparsity),
                threshold(l, Projection.O, sparsity),
                units.get(l).thresholds(sparsity));
      } else {
        thresholds[l] = new float[Projection.values().length];
        for (Projection p : Projection.values()) {
          thresholds[l][p.index()] = threshold(l, p, sparsity);
        }
      }
    }
    return new ActivationSetting(method, sparsity, thresholds);
  }

  /** The thresholds of CHESS in one array. */
  static float[] chess(float query, float output, float[] units) {
    float[] all = new float[ActivationSetting.UNITS + units.length];
    all[ActivationSetting.QUERY] = query;
    all[ActivationSetting.OUTPUT] = output;
    System.arraycopy(units, 0, all, ActivationSetting.UNITS, units.length);
    return all;
  }

  /**
   * TEAL's thresholds from the block-wise greedy search.
   *
   * @param weights the untouched model
   * @param sequences what this was gathered from
   */
  public ActivationSetting greedy(DecoderWeights weights, List<int[]> sequences, double sparsity) {
    return new GreedySearch(weights, sequences, this).setting(sparsity);
  }

  /** Blocks. */
  int layers() {
    return config.layers();
  }

  /** The distribution of a site's inputs. */
  MagnitudeThreshold inputs(int layer, Projection.Site site) {
    return inputs.get(layer).get(site);
  }

  /** The distribution of what CATS thresholds. */
  MagnitudeThreshold gates(int layer) {
    return gates.get(layer);
  }

  /** Whether it was made for CHESS. */
  boolean hasUnits() {
    return !units.isEmpty();
  }

  /** What CHESS takes the thresholds of hidden units from. */
  ChannelThresholds units(int layer) {
    return units.get(layer);
  }

  float threshold(int layer, Projection p, double sparsity) {
    return inputs.get(layer).get(p.site()).threshold(sparsity);
  }

  /**
   * The setting that was asked for, with thresholds where it has some; as the other {@code
   * settingFor}.
   */
  public static ActivationSetting settingFor(
      SparsitySpec.Activation wanted,
      DecoderWeights weights,
      List<int[]> sequences,
      DecoderPruning.Progress progress) {
    return wanted.method().needsCalibration()
        ? settingFor(wanted.method(), wanted.sparsity(), weights, sequences, progress)
        : wanted.setting(weights.config().layers());
  }

  /**
   * The setting of a method, with thresholds where it has some.
   *
   * @param weights the untouched model
   * @param sequences calibration ids; may be empty where the method needs none
   * @throws FiligreeException FIL-0719 where the method needs calibration and there is none
   */
  public static ActivationSetting settingFor(
      Method method,
      double sparsity,
      DecoderWeights weights,
      List<int[]> sequences,
      DecoderPruning.Progress progress) {
    if (!method.needsCalibration()) {
      return new ActivationSetting(method, sparsity, null);
    }
    if (sequences.isEmpty()) {
      throw new FiligreeException(Message.FIL_0719, method.label());
    }
    if (method == Method.R_SPARSE) {
      return RemainderSearch.setting(weights, sequences, sparsity, progress);
    }
    ActivationCalibration calibration = of(weights, sequences, Set.of(method), progress);
    return method == Method.TEAL_GREEDY
        ? calibration.greedy(weights, sequences, sparsity)
        : calibration.setting(method, sparsity);
  }
}
