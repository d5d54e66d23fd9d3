package dev.filigree.cli.decoder;

import dev.filigree.decoder.evaluate.DenseComparison;
import dev.filigree.decoder.load.PackedModel;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.samples.digits.Progress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Evaluates many activation settings of one model.
 *
 * @param base the model and the data; it skips no activations
 * @param settings the settings, in order
 * @param rise percent of perplexity for PPL-p% sparsity
 */
public record SweepRun(EvalRun base, List<SparsitySpec.Activation> settings, double rise) {

  /**
   * Reads the settings: {@code teal:0.5,cats:0.7}, or {@code teal,catsx0.3,0.5} for every method at
   * every sparsity.
   *
   * @throws FiligreeException FIL-0604 for another text, FIL-0719 where calibration is needed and
   *     missing
   */
  public static SweepRun of(EvalRun base, String text, double rise) {
    if (!(rise > 0 && Double.isFinite(rise))) {
      throw new FiligreeException(Message.FIL_0604, "--rise", rise, "a percentage above 0");
    }
    if (base.spec().activation().isPresent()) {
      throw new FiligreeException(
          Message.FIL_0604,
          "--activation",
          base.spec().activation().get().method().label(),
          "nothing together with --sweep, which names the settings");
    }
    List<SparsitySpec.Activation> settings = new ArrayList<>();
    int cross = text.lastIndexOf('x');
    if (cross < 0) {
      parts(text).forEach(one -> settings.add(SparsitySpec.activation(one)));
    } else {
      for (String method : parts(text.substring(0, cross))) {
        for (String sparsity : parts(text.substring(cross + 1))) {
          settings.add(SparsitySpec.activation(method + ":" + sparsity));
        }
      }
    }
    return new SweepRun(base, List.copyOf(settings), rise);
  }

  private static List<String> parts(String text) {
    return Arrays.stream(text.split(",", -1)).map(String::strip).toList();
  }

  /**
   * Does it.
   *
   * @throws FiligreeException as {@link EvalRun#run}
   */
  public SweepResult run(Progress progress) {
    DecoderSpec spec = base.spec();
    DecoderWeights untouched = spec.open();
    boolean stored = untouched instanceof PackedModel;
    if (spec.calibration().isEmpty() && !stored) {
      settings.stream()
          .filter(s -> s.method().needsCalibration())
          .findFirst()
          .ifPresent(
              s -> {
                throw new FiligreeException(Message.FIL_0719, s.method().label());
              });
    }
    settings.forEach(base::requirePrompt);
    EvalRun.Data data = base.data(untouched);
    Candidates candidates =
        stored
            ? new StoredCandidates(spec, (PackedModel) untouched)
            : new PackedCandidates(spec, untouched, methods(), progress);
    List<SparsitySpec.Activation> all = new ArrayList<>();
    all.add(new SparsitySpec.Activation(Method.NONE, 0));
    all.addAll(settings);
    List<SweepResult.Row> rows = new ArrayList<>();
    List<String> warnings = List.of();
    String title = null;
    try (candidates;
        PackedDecoder dense = PackedDecoder.pack(untouched, PackSettings.DENSE)) {
      for (SparsitySpec.Activation setting : all) {
        PreparedDecoder model = candidates.at(setting, progress);
        EvalRun.Point point = base.measure(model, data.sequences(), Progress.SILENT);
        DenseComparison against = base.compare(dense, model, data.sequences(), Progress.SILENT);
        rows.add(SweepResult.Row.of(setting, point, against, spec.seed()));
        if (title == null) {
          title = spec.title(model);
          warnings = model.warnings();
        }
        progress.at("Measuring settings", rows.size(), all.size());
      }
    }
    return SweepResult.of(title, rows, rise, data, warnings);
  }

  private Set<Method> methods() {
    return settings.stream().map(SparsitySpec.Activation::method).collect(Collectors.toSet());
  }

  /** The model under one setting after another. */
  private interface Candidates extends AutoCloseable {
    /** Valid until the next call. */
    PreparedDecoder at(SparsitySpec.Activation setting, Progress progress);

    @Override
    void close();
  }

  /** A packed directory, mapped anew for each setting, with its own thresholds or fresh ones. */
  private static final class StoredCandidates implements Candidates {
    private final DecoderSpec spec;
    private final PackedModel model;
    private PreparedDecoder current;

    StoredCandidates(DecoderSpec spec, PackedModel model) {
      this.spec = spec;
      this.model = model;
    }

    @Override
    public PreparedDecoder at(SparsitySpec.Activation setting, Progress progress) {
      close();
      boolean none = setting.method() == Method.NONE;
      DecoderSpec one =
          new DecoderSpec(
              spec.model(),
              spec.randomModel(),
              spec.weights(),
              none ? Optional.empty() : Optional.of(setting),
              none,
              spec.values(),
              spec.calibration(),
              spec.mode(),
              spec.seed());
      current = one.prepare(model, progress);
      return current;
    }

    @Override
    public void close() {
      if (current != null) {
        current.close();
        current = null;
      }
    }
  }

  /** Weights that are pruned and calibrated once, and packed anew where a layout changes. */
  private static final class PackedCandidates implements Candidates {
    private final SweepModel model;
    private PackSettings.Layout layout;
    private PackedDecoder packed;

    PackedCandidates(
        DecoderSpec spec, DecoderWeights untouched, Set<Method> methods, Progress progress) {
      model = SweepModel.of(spec, untouched, methods, progress);
    }

    @Override
    public PreparedDecoder at(SparsitySpec.Activation setting, Progress progress) {
      ActivationSetting found = model.setting(setting, progress);
      if (packed == null || layout != setting.method().layout()) {
        close();
        layout = setting.method().layout();
        packed = model.pack(layout);
      }
      return model.prepared(packed, found);
    }

    @Override
    public void close() {
      if (packed != null) {
        packed.close();
        packed = null;
      }
    }
  }
}
