package dev.filigree.cli.decoder;

import dev.filigree.criterion.OneShotPlan;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.samples.digits.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A model and how it is made sparse, checked as far as the arguments alone tell.
 *
 * @param model a path, or null
 * @param randomModel the name of a shape, or null
 * @param weights how weights are pruned
 * @param activation how activations are skipped
 * @param values type of stored weights
 * @param calibration sequences; empty where there are none
 * @param mode where calibration inputs come from
 * @param seed of everything that is drawn
 */
public record DecoderSpec(
    Path model,
    String randomModel,
    Optional<OneShotPlan> weights,
    Optional<SparsitySpec.Activation> activation,
    ValueType values,
    List<int[]> calibration,
    DecoderPruning.Mode mode,
    long seed) {

  /** The texts of the options; null where one was not given. */
  public record Arguments(
      Path model,
      String randomModel,
      String weights,
      String activation,
      String values,
      Path calibration,
      String mode,
      long seed) {}

  /**
   * Reads the options.
   *
   * @throws FiligreeException FIL-0604 for an illegal value, FIL-0719 where calibration is needed
   *     and missing, FIL-0720 for its file
   */
  public static DecoderSpec of(Arguments a) {
    if ((a.model == null) == (a.randomModel == null)) {
      throw new FiligreeException(Message.FIL_0721);
    }
    Optional<OneShotPlan> weights =
        Optional.ofNullable(a.weights).map(SparsitySpec::weights).map(p -> p.withSeed(a.seed));
    Optional<SparsitySpec.Activation> activation =
        Optional.ofNullable(a.activation).map(SparsitySpec::activation);
    ValueType values =
        ValueType.of(a.values)
            .orElseThrow(
                () ->
                    new FiligreeException(
                        Message.FIL_0604,
                        "--values",
                        a.values,
                        String.join(", ", ValueType.labels())));
    DecoderPruning.Mode mode = mode(a.mode);
    if (a.calibration == null) {
      weights
          .filter(OneShotPlan::needsInputs)
          .ifPresent(
              p -> {
                throw new FiligreeException(Message.FIL_0719, p.method().label());
              });
      activation
          .filter(s -> s.method().needsCalibration())
          .ifPresent(
              s -> {
                throw new FiligreeException(Message.FIL_0719, s.method().label());
              });
    }
    return new DecoderSpec(
        a.model,
        a.randomModel,
        weights,
        activation,
        values,
        a.calibration == null ? List.of() : IdsFile.read(a.calibration),
        mode,
        a.seed);
  }

  /** The mode of that name; FIL-0604 for another text. */
  static DecoderPruning.Mode mode(String text) {
    return switch (text) {
      case "sequential" -> DecoderPruning.Mode.SEQUENTIAL;
      case "dense" -> DecoderPruning.Mode.DENSE;
      default ->
          throw new FiligreeException(
              Message.FIL_0604, "--calibration-mode", text, "sequential, dense");
    };
  }

  /** The model as it is stored. */
  public DecoderWeights open() {
    return randomModel == null ? DecoderFiles.open(model) : RandomModel.of(randomModel, seed);
  }

  /**
   * Prunes, calibrates and packs.
   *
   * @param untouched what {@link #open} gave
   */
  public PreparedDecoder prepare(DecoderWeights untouched, Progress progress) {
    Optional<DecoderPruning.Result> pruned =
        weights.map(
            plan ->
                DecoderPruning.prune(
                    untouched,
                    plan,
                    calibration,
                    mode,
                    (done, total) -> progress.at("Pruning blocks", done, total)));
    ActivationSetting setting =
        activation
            .map(
                a ->
                    ActivationCalibration.settingFor(
                        a.method(),
                        a.sparsity(),
                        untouched,
                        calibration,
                        (done, total) -> progress.at("Calibrating blocks", done, total)))
            .orElse(ActivationSetting.NONE);
    PackSettings settings =
        new PackSettings(
            values, setting.method().layout(), setting.method() == ActivationSetting.Method.WINA);
    PackedDecoder packed =
        PackedDecoder.pack(pruned.map(DecoderPruning.Result::weights).orElse(untouched), settings);
    return new PreparedDecoder(packed, setting, pruned);
  }

  /** What it is, in words. */
  String title() {
    return String.format(
        Locale.ROOT,
        "%s, weights %s, activations %s, values %s",
        randomModel == null ? model : "random model " + randomModel,
        weights
            .map(p -> p.method().label() + " " + p.pattern().text() + " " + p.sparsity())
            .orElse("dense"),
        activation.map(a -> a.method().label() + " " + a.sparsity()).orElse("all"),
        values.label());
  }
}
