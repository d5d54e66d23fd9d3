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
import dev.filigree.kernel.ValueType;
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
  private final List<Map<Projection.Site, ChannelThresholds>> weighed;

  private ActivationCalibration(
      DecoderConfig config,
      List<Map<Projection.Site, MagnitudeThreshold>> inputs,
      List<MagnitudeThreshold> gates,
      List<ChannelThresholds> units,
      List<Map<Projection.Site, ChannelThresholds>> weighed) {
    this.config = config;
    this.inputs = inputs;
    this.gates = gates;
    this.units = units;
    this.weighed = weighed;
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
    List<Map<Projection.Site, ChannelThresholds>> weighed = new ArrayList<>();
    boolean wina = methods.contains(Method.WINA_THRESHOLD);
    PackSettings settings = new PackSettings(ValueType.F32, PackSettings.Layout.DENSE, wina);
    for (int l = 0; l < c.layers(); l++) {
      Map<Projection.Site, MagnitudeThreshold> sites = new EnumMap<>(Projection.Site.class);
      for (Projection.Site site : Projection.Site.values()) {
        sites.put(site, new MagnitudeThreshold(site.projections()[0].weight(l)));
      }
      MagnitudeThreshold gate = new MagnitudeThreshold(Projection.GATE.weight(l));
      try (PackedLayer block = PackedLayer.pack(weights, l, settings)) {
        if (methods.contains(Method.CHESS)) {
          units.add(
              new ChannelThresholds(
                  Projection.GATE.weight(l), UpEnergies.of(pass, block, c.hidden())));
        }
        ChannelThresholds own = units.isEmpty() ? null : units.get(l);
        Map<Projection.Site, ChannelThresholds> columns =
            wina ? columns(l, block.norms()) : Map.of();
        pass.run(
            block,
            null,
            new LayerObserver() {
              @Override
              public void inputs(Projection.Site site, FloatBuffer rows) {
                sites.get(site).add(rows);
                if (wina) {
                  columns.get(site).add(rows);
                }
              }

              @Override
              public void units(FloatBuffer gates, FloatBuffer ups) {
                gate.add(gates);
                if (own != null) {
                  own.add(gates);
                }
              }
            });
        weighed.add(columns);
      }
      inputs.add(sites);
      gates.add(gate);
      progress.at(l + 1, c.layers());
    }
    return new ActivationCalibration(c, inputs, gates, units, wina ? weighed : List.of());
  }

  /**
   * TEAL's uniform thresholds or those of CATS, CHESS or WINA_THRESHOLD, at any sparsity.
   *
   * @param method TEAL, CATS, or one of the others where the calibration was made for it
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
      } else if (method == Method.WINA_THRESHOLD) {
        Projection.Site[] sites = Projection.Site.values();
        float[][] own = new float[sites.length][];
        for (int s = 0; s < sites.length; s++) {
          own[s] = weighed.get(l).get(sites[s]).thresholds(sparsity);
        }
        thresholds[l] = joined(own);
      } else {
        thresholds[l] = new float[Projection.values().length];
        for (Projection p : Projection.values()) {
          thresholds[l][p.index()] = threshold(l, p, sparsity);
        }
      }
    }
    return new ActivationSetting(method, sparsity, thresholds);
  }

  /** What weighs the inputs of a block, by the columns of all projections that receive them. */
  private static Map<Projection.Site, ChannelThresholds> columns(int layer, double[][] norms) {
    Map<Projection.Site, ChannelThresholds> out = new EnumMap<>(Projection.Site.class);
    for (Projection.Site site : Projection.Site.values()) {
      Projection[] all = site.projections();
      double[] together = new double[norms[all[0].index()].length];
      for (int i = 0; i < together.length; i++) {
        double squares = 0;
        for (Projection p : all) {
          squares += norms[p.index()][i] * norms[p.index()][i];
        }
        together[i] = Math.sqrt(squares);
      }
      out.put(site, ChannelThresholds.ofInputs(all[0].weight(layer), together));
    }
    return out;
  }

  /** The thresholds of WINA_THRESHOLD in one array. */
  static float[] joined(float[][] sites) {
    int width = 0;
    for (float[] site : sites) {
      width += site.length;
    }
    float[] all = new float[width];
    int at = 0;
    for (float[] site : sites) {
      System.arraycopy(site, 0, all, at, site.length);
      at += site.length;
    }
    return all;
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

  /** Whether it was made for WINA_THRESHOLD. */
  boolean hasWeighed() {
    return !weighed.isEmpty();
  }

  /** What WINA_THRESHOLD takes the thresholds of a site's inputs from. */
  ChannelThresholds weighed(int layer, Projection.Site site) {
    return weighed.get(layer).get(site);
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
