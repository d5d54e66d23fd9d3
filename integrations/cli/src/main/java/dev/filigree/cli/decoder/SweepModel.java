package dev.filigree.cli.decoder;

import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.kernel.ValueType;
import dev.filigree.samples.digits.Progress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A model whose weights are pruned once and whose activations are calibrated once, for any number
 * of settings.
 *
 * @param spec what was asked for
 * @param untouched where activations are calibrated
 * @param pruned what pruning did, where it was asked for
 * @param calibration the distribution of activations, where there are calibration data
 */
record SweepModel(
    DecoderSpec spec,
    DecoderWeights untouched,
    Optional<DecoderPruning.Result> pruned,
    Optional<ActivationCalibration> calibration) {

  /**
   * @param methods what activations are calibrated for
   */
  static SweepModel of(
      DecoderSpec spec, DecoderWeights untouched, Set<Method> methods, Progress progress) {
    Optional<DecoderPruning.Result> pruned =
        spec.weights()
            .map(
                plan ->
                    DecoderPruning.prune(
                        untouched,
                        plan,
                        spec.calibration(),
                        spec.mode(),
                        (done, total) -> progress.at("Pruning blocks", done, total)));
    Optional<ActivationCalibration> calibration =
        spec.calibration().isEmpty()
            ? Optional.empty()
            : Optional.of(
                ActivationCalibration.of(
                    untouched,
                    spec.calibration(),
                    methods,
                    (done, total) -> progress.at("Calibrating blocks", done, total)));
    return new SweepModel(spec, untouched, pruned, calibration);
  }

  /** A setting with its thresholds. */
  ActivationSetting setting(SparsitySpec.Activation wanted, Progress progress) {
    return switch (wanted.method()) {
      case NONE -> ActivationSetting.NONE;
      case DECLARED -> throw new IllegalStateException("no setting has that name");
      case WINA, COREINFER, RELU, TOPK -> wanted.setting(untouched.config().layers());
      case TEAL, CATS, CHESS, WINA_THRESHOLD ->
          calibration.orElseThrow().setting(wanted.method(), wanted.sparsity());
      case TEAL_GREEDY, R_SPARSE ->
          ActivationCalibration.settingFor(
              wanted,
              untouched,
              spec.calibration(),
              (done, total) -> progress.at("Calibrating blocks", done, total));
    };
  }

  /** The weights in a layout; WINA's column norms come with the layout it uses. */
  PackedDecoder pack(PackSettings.Layout layout) {
    boolean norms = layout == ActivationSetting.Method.WINA.layout();
    return PackedDecoder.pack(
        pruned.map(DecoderPruning.Result::weights).orElse(untouched),
        new PackSettings(spec.values().orElse(ValueType.F32), layout, norms));
  }

  /** For measuring; closing it closes the weights. */
  PreparedDecoder prepared(PackedDecoder packed, ActivationSetting setting) {
    Map<String, String> masks = new TreeMap<>();
    pruned.ifPresent(r -> r.masks().forEach((name, mask) -> masks.put(name, mask.sha256())));
    return new PreparedDecoder(
        packed,
        setting,
        pruned.map(DecoderPruning.Result::sparsity).orElse(0.0),
        masks,
        pruned.map(DecoderPruning.Result::warnings).orElse(List.of()));
  }
}
