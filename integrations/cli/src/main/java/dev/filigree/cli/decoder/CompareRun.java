package dev.filigree.cli.decoder;

import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.PackedModel;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.gate.Memory;
import dev.filigree.gate.Timing;
import dev.filigree.kernel.MachineProbe;
import dev.filigree.kernel.ValueType;
import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.samples.digits.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * Measures the speed of a model under several settings. They take turns, so that what else the
 * machine does meets all of them, and each turn ends with other weights in the cache than the next
 * setting reads.
 *
 * @param model a path, or null
 * @param randomModel the name of a shape, or null
 * @param settings the first is what all are compared with
 * @param calibration sequences; empty where no setting needs any
 * @param promptTokens length of the prompt
 * @param steps tokens decoded under each setting
 * @param seed of the prompt, of random weights and of their calibration data
 */
public record CompareRun(
    Path model,
    String randomModel,
    List<CompareSetting> settings,
    List<int[]> calibration,
    int promptTokens,
    int steps,
    long seed) {
  /** Decoded tokens of a turn. */
  static final int TURN = 8;

  private static final int WARM_UP_TURNS = 4;
  private static final int PROMPTS = 5;
  private static final int DRAWN_SEQUENCES = 4;
  private static final int DRAWN_LENGTH = 64;
  private static final int STREAM_BYTES = 1 << 30;
  private static final int PASSES = 7;

  /**
   * Checks the arguments.
   *
   * @param calibrationFile null where there is none
   * @throws FiligreeException FIL-0604 for an illegal value, FIL-0719 where calibration is needed
   *     and missing, FIL-0720 for its file, FIL-0721 for other than one model
   */
  public static CompareRun of(
      Path model,
      String randomModel,
      List<CompareSetting> settings,
      Path calibrationFile,
      int promptTokens,
      int steps,
      long seed) {
    if ((model == null) == (randomModel == null)) {
      throw new FiligreeException(Message.FIL_0721);
    }
    if (promptTokens < 1) {
      throw new FiligreeException(Message.FIL_0604, "--prompt-tokens", promptTokens, "1 or more");
    }
    if (steps < 3 * TURN) {
      throw new FiligreeException(Message.FIL_0604, "--steps", steps, 3 * TURN + " or more");
    }
    List<int[]> calibration = calibrationFile == null ? List.of() : IdsFile.read(calibrationFile);
    if (calibration.isEmpty() && model != null) {
      settings.stream()
          .filter(s -> s.method().needsCalibration())
          .findFirst()
          .ifPresent(
              s -> {
                throw new FiligreeException(Message.FIL_0719, s.method().label());
              });
    }
    return new CompareRun(model, randomModel, settings, calibration, promptTokens, steps, seed);
  }

  /** A setting that is ready to run. */
  private record Side(CompareSetting setting, CompareLane lane) {}

  /** What is stored once for all settings that read it. */
  private record Stored(ValueType values, PackSettings.Layout layout) {}

  /**
   * Does it.
   *
   * @throws FiligreeException FIL-0713 where prompt and steps do not fit into the context, FIL-0752
   *     for too little memory
   */
  public CompareResult run(Progress progress) {
    DecoderWeights weights =
        randomModel == null ? DecoderFiles.open(model) : RandomModel.of(randomModel, seed);
    DecoderConfig config = weights.config();
    if (weights instanceof PackedModel) {
      throw new FiligreeException(
          Message.FIL_0604, "--model", model, "a model that is not packed: each setting packs it");
    }
    int capacity = Math.addExact(promptTokens, steps);
    if (capacity > config.context()) {
      throw new FiligreeException(Message.FIL_0713, capacity, config.context());
    }
    checkMemory(config);
    double stream = MachineProbe.current().streamGbytesPerSecond(STREAM_BYTES, PASSES);
    Map<CompareSetting, ActivationSetting> activations = activations(weights, config, progress);
    Map<Stored, PackedDecoder> packed = new HashMap<>();
    try {
      List<Side> sides = new ArrayList<>();
      for (CompareSetting s : settings) {
        PackSettings.Layout layout = s.method().layout();
        PackedDecoder decoder =
            packed.computeIfAbsent(
                new Stored(s.values(), layout),
                k ->
                    PackedDecoder.pack(
                        weights,
                        new PackSettings(s.values(), layout, layout == Method.WINA.layout())));
        sides.add(new Side(s, new CompareLane(decoder, activations.get(s), prompt(config), steps)));
        progress.at("Packing", sides.size(), settings.size());
      }
      return measured(sides, stream, progress);
    } finally {
      packed.values().forEach(PackedDecoder::close);
    }
  }

  private CompareResult measured(List<Side> sides, double stream, Progress progress) {
    for (Side side : sides) {
      side.lane.warmUp(WARM_UP_TURNS, TURN);
      progress.at("Warming up", sides.indexOf(side) + 1, sides.size());
    }
    List<double[]> prompts = new ArrayList<>();
    for (int i = 0; i < PROMPTS; i++) {
      prompts.add(round(sides, i % 2 == 1, lane -> lane.prompt()));
    }
    int turns = steps / TURN;
    List<double[]> rounds = new ArrayList<>();
    for (int t = 0; t < turns; t++) {
      rounds.add(round(sides, t % 2 == 1, lane -> lane.turn(TURN)));
      progress.at("Measuring", t + 1, turns);
    }
    return CompareResult.of(
        title(),
        sides.stream().map(Side::setting).toList(),
        sides.stream().map(s -> s.lane.bytesPerToken()).toList(),
        new Timing(rounds),
        new Timing(prompts),
        stream);
  }

  /** Nanoseconds per token of one turn of every setting, every second time in reverse order. */
  private static double[] round(
      List<Side> sides, boolean reverse, ToDoubleFunction<CompareLane> turn) {
    double[] nanos = new double[sides.size()];
    for (int i = 0; i < nanos.length; i++) {
      int side = reverse ? nanos.length - 1 - i : i;
      nanos[side] = turn.applyAsDouble(sides.get(side).lane);
    }
    return nanos;
  }

  private Map<CompareSetting, ActivationSetting> activations(
      DecoderWeights weights, DecoderConfig config, Progress progress) {
    Set<Method> methods =
        settings.stream()
            .map(CompareSetting::method)
            .filter(Method::needsCalibration)
            .collect(Collectors.toSet());
    List<int[]> sequences = calibration.isEmpty() ? drawn(config) : calibration;
    DecoderSpec spec =
        new DecoderSpec(
            model,
            randomModel,
            Optional.empty(),
            Optional.empty(),
            false,
            Optional.empty(),
            sequences,
            DecoderPruning.Mode.DENSE,
            seed);
    SweepModel calibrated =
        new SweepModel(
            spec,
            weights,
            Optional.empty(),
            methods.isEmpty()
                ? Optional.empty()
                : Optional.of(
                    ActivationCalibration.of(
                        weights,
                        sequences,
                        methods,
                        (done, total) -> progress.at("Calibrating blocks", done, total))));
    Map<CompareSetting, ActivationSetting> found = new HashMap<>();
    for (CompareSetting s : settings) {
      found.put(
          s,
          s.activation().isEmpty()
              ? ActivationSetting.NONE
              : calibrated.setting(s.activation().get(), progress));
    }
    return found;
  }

  private List<int[]> drawn(DecoderConfig config) {
    List<int[]> sequences = new ArrayList<>();
    for (int i = 1; i <= DRAWN_SEQUENCES; i++) {
      sequences.add(ids(config, DRAWN_LENGTH, seed + i));
    }
    return sequences;
  }

  private int[] prompt(DecoderConfig config) {
    return ids(config, promptTokens, seed);
  }

  private static int[] ids(DecoderConfig config, int count, long seed) {
    return new SplittableRandom(seed).ints(count, 0, config.vocab()).toArray();
  }

  /** All layouts of a type have its bytes, and a few for scales and norms. */
  private void checkMemory(DecoderConfig config) {
    long weights =
        TensorShapes.of(config).values().stream()
            .mapToLong(shape -> Arrays.stream(shape).reduce(1, Math::multiplyExact))
            .sum();
    long needed =
        STREAM_BYTES
            + settings.stream()
                .map(s -> new Stored(s.values(), s.method().layout()))
                .distinct()
                .mapToLong(s -> weights * s.values().bytes())
                .sum();
    long left = Memory.machine();
    if (needed > left) {
      throw new FiligreeException(
          Message.FIL_0752,
          String.format(Locale.ROOT, "%,d", needed >> 20),
          String.format(Locale.ROOT, "%,d", left >> 20));
    }
  }

  private String title() {
    return String.format(
        Locale.ROOT,
        "%s, prompt of %d ids, %d rounds of %d tokens, %d threads",
        randomModel == null ? model : "random model " + randomModel,
        promptTokens,
        steps / TURN,
        TURN,
        Workers.shared().threads());
  }
}
