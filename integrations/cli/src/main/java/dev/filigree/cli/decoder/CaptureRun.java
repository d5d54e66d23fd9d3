package dev.filigree.cli.decoder;

import dev.filigree.criterion.OneShotPlan;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.decoder.sparsity.InputCapture;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.file.AtomicFile;
import dev.filigree.file.DataDigest;
import dev.filigree.file.IoReason;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.prune.FilePruning;
import dev.filigree.report.Json;
import dev.filigree.samples.digits.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Captures the inputs of a decoder's projections.
 *
 * @param model a path
 * @param calibration a file of token ids
 * @param mode from the untouched model, or behind pruned blocks
 * @param weights how those are pruned, where they are
 * @param out the file to write
 */
public record CaptureRun(
    Path model,
    Path calibration,
    DecoderPruning.Mode mode,
    Optional<OneShotPlan> weights,
    Path out) {

  /**
   * Reads the options.
   *
   * @throws FiligreeException FIL-0604 for an illegal value, FIL-0730 and FIL-0731 where mode and
   *     weights do not go together
   */
  public static CaptureRun of(
      Path model, Path calibration, String mode, String weights, long seed, Path out) {
    DecoderPruning.Mode parsed = DecoderSpec.mode(mode);
    Optional<OneShotPlan> plan =
        Optional.ofNullable(weights).map(SparsitySpec::weights).map(p -> p.withSeed(seed));
    boolean sequential = parsed == DecoderPruning.Mode.SEQUENTIAL;
    if (sequential != plan.isPresent()) {
      throw new FiligreeException(sequential ? Message.FIL_0730 : Message.FIL_0731);
    }
    return new CaptureRun(model, calibration, parsed, plan, out);
  }

  /**
   * What was written; the components are the keys of its JSON.
   *
   * @param bytes size of the file
   * @param sequences that were read
   * @param tokens rows of every tensor
   * @param calibrationMode {@code dense} or {@code sequential}
   * @param calibrationSha256 digest of the file of ids
   * @param tensors names and widths
   */
  public record Result(
      long bytes,
      int sequences,
      long tokens,
      String calibrationMode,
      String calibrationSha256,
      List<Captured> tensors) {
    /** For programs. */
    public String json() {
      return Json.text(this);
    }

    /** For people. */
    public String text() {
      return String.format(
          Locale.ROOT,
          "%,d tensors, %,d tokens of %,d sequences, %,d bytes, %s inputs.%n",
          tensors.size(),
          tokens,
          sequences,
          bytes,
          calibrationMode);
    }
  }

  /** One tensor of the file, [tokens][inputs]. */
  record Captured(String name, long tokens, int inputs) {}

  /**
   * Does it.
   *
   * @throws FiligreeException for what the files hold, and where the output cannot be written
   */
  public Result run(Progress progress) {
    AtomicFile.checkWritable(out);
    DecoderWeights source = DecoderFiles.open(model);
    for (Path input : List.of(model, calibration)) {
      if (isSame(input, out)) {
        throw new FiligreeException(Message.FIL_0434, out);
      }
    }
    List<int[]> sequences = IdsFile.read(calibration);
    String digest = DataDigest.of(DataDigest.Role.CALIBRATION, calibration).sha256();
    String label = mode.name().toLowerCase(Locale.ROOT);
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("calibration_sha256", digest);
    metadata.put("calibration_mode", label);
    metadata.put(FilePruning.SEQUENCES_KEY, String.valueOf(sequences.size()));
    InputCapture.Result written =
        InputCapture.write(
            out,
            source,
            sequences,
            weights,
            metadata,
            (done, total) -> progress.at("Capturing blocks", done, total));
    return new Result(
        size(),
        sequences.size(),
        written.tokens(),
        label,
        digest,
        written.tensors().entrySet().stream()
            .map(e -> new Captured(e.getKey(), written.tokens(), e.getValue()))
            .toList());
  }

  private static boolean isSame(Path a, Path b) {
    try {
      return Files.exists(a) && Files.exists(b) && Files.isSameFile(a, b);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, b, IoReason.of(e));
    }
  }

  private long size() {
    try {
      return Files.size(out);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, out, IoReason.of(e));
    }
  }
}
