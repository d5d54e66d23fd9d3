package dev.filigree.cli.decoder;

import dev.filigree.criterion.LayerPlans;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.decoder.store.CompressPlan;
import dev.filigree.decoder.store.FurtherFiles;
import dev.filigree.decoder.store.ModelWriter;
import dev.filigree.decoder.store.StoredActivation;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.file.DataDigest;
import dev.filigree.file.IoReason;
import dev.filigree.file.PackedDirectory;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.RunOption;
import dev.filigree.samples.digits.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Makes a packed directory of a language model.
 *
 * @param model a path
 * @param tokenizer to put in, or null for that of the model's directory
 * @param weights how weights are pruned, where they are
 * @param activation how activations are skipped, where that was said
 * @param keeps whether what the model's directory says of activations holds
 * @param values type of stored weights
 * @param calibration a file of token ids, or null
 * @param mode where calibration inputs of weights come from
 * @param out the directory to write
 */
public record CompressRun(
    Path model,
    Path tokenizer,
    CompressRecipe recipe,
    LayerPlans weights,
    Optional<SparsitySpec.Activation> activation,
    boolean keeps,
    ValueType values,
    Path calibration,
    DecoderPruning.Mode mode,
    Path out) {

  /**
   * The texts of the options; null where one was not given. They win over the recipe, which wins
   * over defaults.
   */
  public record Arguments(
      Path model,
      Path tokenizer,
      Path recipe,
      String weights,
      String activation,
      String values,
      Path calibration,
      String mode,
      Long seed,
      Path out) {}

  /**
   * Reads the options.
   *
   * @throws FiligreeException FIL-0604 for an illegal value, FIL-0719 where calibration is needed
   *     and missing, FIL-0840 to FIL-0848 for the recipe
   */
  public static CompressRun of(Arguments a) {
    CompressRecipe recipe = CompressRecipe.of(a.recipe);
    long seed = a.seed != null ? a.seed : Long.parseLong(recipe.option(RunOption.SEED, null, "0"));
    CompressRun run =
        new CompressRun(
            a.model,
            a.tokenizer,
            recipe,
            a.weights != null
                ? LayerPlans.all(SparsitySpec.weights(a.weights).withSeed(seed))
                : recipe.weights(seed),
            a.activation == null
                ? recipe.activation()
                : Optional.of(a.activation)
                    .filter(text -> !text.equals(DecoderSpec.NO_ACTIVATION))
                    .map(SparsitySpec::activation),
            a.activation == null && !recipe.saysActivation(),
            DecoderSpec.values(recipe.option(RunOption.VALUES, a.values, ValueType.F32.label())),
            a.calibration,
            DecoderSpec.mode(recipe.option(RunOption.CALIBRATION_MODE, a.mode, "sequential")),
            a.out);
    if (a.calibration == null) {
      run.calibrated()
          .ifPresent(
              method -> {
                throw new FiligreeException(Message.FIL_0719, method);
              });
    }
    return run;
  }

  /** A method that needs calibration, where one does. */
  private Optional<String> calibrated() {
    return weights
        .needingInputs()
        .map(p -> p.method().label())
        .or(
            () ->
                activation.filter(a -> a.method().needsCalibration()).map(a -> a.method().label()));
  }

  /**
   * Does it.
   *
   * @throws FiligreeException for what the files hold, and where the output cannot be written
   */
  public CompressResult run(Progress progress) {
    PackedDirectory.checkWritable(out);
    DecoderWeights source = DecoderFiles.open(model);
    recipe.requireMatches(model, source.config());
    if (tokenizer != null) {
      // One of another model is refused now, not when somebody generates.
      Tokenizer.open(tokenizer, source.config().vocab()).close();
    }
    Map<String, byte[]> files = FurtherFiles.of(model, source, Optional.ofNullable(tokenizer));
    boolean needed = calibrated().isPresent();
    CompressPlan plan =
        new CompressPlan(
            weights,
            activation,
            keeps ? StoredActivation.of(model, source) : Optional.empty(),
            values,
            needed ? IdsFile.read(calibration) : List.of(),
            needed
                ? Optional.of(DataDigest.of(DataDigest.Role.CALIBRATION, calibration))
                : Optional.empty(),
            mode);
    ModelWriter.Result made = ModelWriter.write(out, source, plan, files, progress::at);
    List<String> warnings = new ArrayList<>(made.warnings());
    if (!FurtherFiles.hasTokenizer(files)) {
      warnings.add(Message.FIL_0735.text(model));
    }
    return CompressResult.of(this, source.config(), made, bytes(model), bytes(out), warnings);
  }

  private static long bytes(Path path) {
    try {
      if (!Files.isDirectory(path)) {
        return Files.size(path);
      }
      long sum = 0;
      try (Stream<Path> files = Files.list(path)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          sum += Files.size(file);
        }
      }
      return sum;
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, path, IoReason.of(e));
    }
  }
}
