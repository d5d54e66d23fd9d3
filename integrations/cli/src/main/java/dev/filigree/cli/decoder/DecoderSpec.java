package dev.filigree.cli.decoder;

import dev.filigree.criterion.OneShotPlan;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.PackedModel;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.decoder.store.MappedDecoder;
import dev.filigree.decoder.store.StoredActivation;
import dev.filigree.file.PackedDirectory;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.samples.digits.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A model and how it is made sparse, checked as far as the arguments alone tell.
 *
 * @param model a path, or null
 * @param randomModel the name of a shape, or null
 * @param weights how weights are pruned
 * @param activation how activations are skipped; empty for what its directory says
 * @param denseActivation whether nothing is skipped whatever the directory says
 * @param values type of stored weights; empty for that of a packed directory, else float32
 * @param calibration sequences; empty where there are none
 * @param mode where calibration inputs come from
 * @param seed of everything that is drawn
 */
public record DecoderSpec(
    Path model,
    String randomModel,
    Optional<OneShotPlan> weights,
    Optional<SparsitySpec.Activation> activation,
    boolean denseActivation,
    Optional<ValueType> values,
    List<int[]> calibration,
    DecoderPruning.Mode mode,
    long seed) {
  /** How the options say that nothing is skipped. */
  static final String NO_ACTIVATION = "none";

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
    boolean none = NO_ACTIVATION.equals(a.activation);
    Optional<SparsitySpec.Activation> activation =
        Optional.ofNullable(none ? null : a.activation).map(SparsitySpec::activation);
    Optional<ValueType> values = Optional.ofNullable(a.values).map(DecoderSpec::values);
    DecoderPruning.Mode mode = mode(a.mode);
    if (a.calibration == null) {
      weights
          .filter(OneShotPlan::needsInputs)
          .ifPresent(
              p -> {
                throw new FiligreeException(Message.FIL_0719, p.method().label());
              });
      // A packed directory may have thresholds of its own.
      activation
          .filter(s -> s.method().needsCalibration())
          .filter(s -> a.model == null || !PackedDirectory.isOne(a.model))
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
        none,
        values,
        a.calibration == null ? List.of() : IdsFile.read(a.calibration),
        mode,
        a.seed);
  }

  /** The type of that name; FIL-0604 for another text. */
  static ValueType values(String text) {
    return ValueType.of(text)
        .orElseThrow(
            () ->
                new FiligreeException(
                    Message.FIL_0604, "--values", text, String.join(", ", ValueType.labels())));
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
   * Prunes, calibrates and packs, as far as that was not done before.
   *
   * @param untouched what {@link #open} gave
   * @throws FiligreeException FIL-0733 where a packed directory lacks the thresholds asked for
   */
  public PreparedDecoder prepare(DecoderWeights untouched, Progress progress) {
    Optional<PackedModel> stored =
        untouched instanceof PackedModel p ? Optional.of(p) : Optional.empty();
    ActivationSetting setting = setting(untouched, stored, progress);
    ValueType own = stored.map(MappedDecoder::values).orElse(ValueType.F32);
    ValueType type = values.orElse(own);
    PackSettings settings = setting.packing(type);
    if (weights.isPresent()) {
      DecoderPruning.Result pruned =
          DecoderPruning.prune(
              untouched,
              weights.get(),
              calibration,
              mode,
              (done, total) -> progress.at("Pruning blocks", done, total));
      Map<String, String> masks = new TreeMap<>();
      pruned.masks().forEach((name, mask) -> masks.put(name, mask.sha256()));
      return new PreparedDecoder(
          PackedDecoder.pack(pruned.weights(), settings),
          setting,
          pruned.sparsity(),
          masks,
          pruned.warnings());
    }
    if (stored.isEmpty()) {
      return new PreparedDecoder(
          PackedDecoder.pack(untouched, settings), setting, 0, Map.of(), List.of());
    }
    boolean again = type == ValueType.INT8 && !MappedDecoder.isMapped(stored.get(), setting);
    return new PreparedDecoder(
        type == own
            ? MappedDecoder.open(stored.get(), setting)
            : PackedDecoder.pack(untouched, settings),
        setting,
        Receipts.weightSparsity(stored.get().folder().receipt(), model),
        Receipts.masks(stored.get().folder().receipt()),
        again && own == ValueType.INT8 ? List.of(Message.FIL_0736.text(model)) : List.of());
  }

  private ActivationSetting setting(
      DecoderWeights untouched, Optional<PackedModel> stored, Progress progress) {
    if (denseActivation) {
      return ActivationSetting.NONE;
    }
    Optional<StoredActivation> kept =
        model == null ? Optional.empty() : StoredActivation.of(model, untouched);
    if (activation.isEmpty()) {
      return kept.map(StoredActivation::setting).orElse(ActivationSetting.NONE);
    }
    SparsitySpec.Activation wanted = activation.get();
    if (stored.isPresent() && calibration.isEmpty() && wanted.method().needsCalibration()) {
      return kept.flatMap(k -> k.at(wanted.method(), wanted.sparsity()))
          .orElseThrow(
              () ->
                  new FiligreeException(
                      Message.FIL_0733,
                      model,
                      wanted.method().label() + ":" + wanted.sparsity(),
                      kept.map(StoredActivation::text).orElse("none")));
    }
    return ActivationCalibration.settingFor(
        wanted,
        untouched,
        calibration,
        (done, total) -> progress.at("Calibrating blocks", done, total));
  }

  /** What it is, in words. */
  String title(PreparedDecoder prepared) {
    ActivationSetting a = prepared.activation();
    return String.format(
        Locale.ROOT,
        "%s, weights %s, activations %s, values %s",
        randomModel == null ? model : "random model " + randomModel,
        weights
            .map(p -> p.method().label() + " " + p.pattern().text() + " " + p.sparsity())
            .orElse(prepared.weightSparsity() > 0 ? "as stored" : "dense"),
        a.method() == ActivationSetting.Method.NONE ? "all" : a.text(" "),
        prepared.packed().values().label());
  }
}
