package dev.filigree.decoder.store;

import dev.filigree.criterion.OneShotPlan;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.PackSettings.Layout;
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.decoder.sparsity.ThresholdTable;
import dev.filigree.file.PackedDirectory;
import dev.filigree.file.Progress;
import dev.filigree.file.Receipt;
import dev.filigree.file.ReceiptStep;
import dev.filigree.file.Spool;
import dev.filigree.kernel.ValueType;
import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Makes a packed directory of a decoder: prunes, calibrates, packs and stores it block by block, so
 * that memory holds one block, not the model.
 */
public final class ModelWriter {
  /** The setting of the receipt's step that says how much of the projections was removed. */
  public static final String WEIGHT_SPARSITY = "weight_sparsity";

  private static final String ACTIVATION = "activation";

  /** The name of the receipt's step. */
  public static final String STEP = "compress";

  private final DecoderWeights source;
  private final CompressPlan plan;
  private final Progress progress;
  private final Map<String, String> masks = new LinkedHashMap<>();
  private long kept;
  private EntryStore store;

  private ModelWriter(DecoderWeights source, CompressPlan plan, Progress progress) {
    this.source = source;
    this.plan = plan;
    this.progress = progress;
  }

  /**
   * What was made.
   *
   * @param weightSparsity share of the projections' weights that masks remove, or that are zero
   *     where nothing was pruned here
   * @param masks digests by tensor name, as pruning chose them; empty where nothing was pruned here
   * @param activation what will be skipped
   * @param denseBytes of the same weights where none is left out, in the same type
   * @param weightBytes of the stored weights
   * @param sparse how many of the projections are stored in a sparse format
   * @param warnings to show
   */
  public record Result(
      double weightSparsity,
      Map<String, String> masks,
      ActivationSetting activation,
      long denseBytes,
      long weightBytes,
      int sparse,
      List<String> warnings) {}

  /**
   * Writes the directory, whole or not at all.
   *
   * @param target must not exist, or be an empty folder
   * @param files what goes beside the weights, {@code config.json} among them
   * @throws FiligreeException FIL-0403 for the target, FIL-0719 where calibration is needed and
   *     missing, FIL-0712 for weights that are not finite, FIL-0852 where the activation method
   *     does not fit the model, FIL-0880 where the factors of R-Sparse are too large, and as
   *     pruning and calibration
   */
  public static Result write(
      Path target,
      DecoderWeights source,
      CompressPlan plan,
      Map<String, byte[]> files,
      Progress progress) {
    PackedDirectory.checkWritable(target);
    plan.activation().ifPresent(a -> a.method().requireFor(source.config()));
    plan.kept().ifPresent(k -> k.setting().method().requireFor(source.config()));
    return new ModelWriter(source, plan, progress).write(target, files);
  }

  private Result write(Path target, Map<String, byte[]> files) {
    Optional<StoredActivation> activation = plan.activation().map(this::calibrate).or(plan::kept);
    Layout layout = activation.map(a -> a.setting().layout()).orElse(Layout.DENSE);
    Receipt before = DecoderFiles.receipt(source);
    try (Spool spool = Spool.beside(target)) {
      store = new EntryStore(spool, plan.values(), before.masks().keySet());
      tables();
      List<String> warnings = blocks(layout);
      store.vector(source, DecoderWeights.FINAL_NORM);
      double sparsity = 1 - kept / (double) source.config().projectionWeights();
      Map<String, byte[]> all = new LinkedHashMap<>(files);
      activation.ifPresent(a -> all.put(PackedDirectory.THRESHOLDS, a.json()));
      activation
          .map(StoredActivation::setting)
          .filter(a -> a.remainders() != null)
          .ifPresent(a -> all.put(PackedDirectory.REMAINDERS, RemainderFile.bytes(a)));
      if (plan.calibration().isPresent()) {
        all.put(
            PackedDirectory.CALIBRATION,
            SequenceDigests.json(plan.sequences(), files.get(PackedDirectory.CALIBRATION), target));
      }
      PackedDirectory.write(
          target,
          new PackedDirectory.Contents(
              store.entries(), Map.of("format", "pt"), receipt(before, sparsity), all));
      return new Result(
          sparsity,
          masks,
          activation.map(StoredActivation::setting).orElse(ActivationSetting.NONE),
          store.denseBytes(),
          store.bytes(),
          store.sparse(),
          warnings);
    }
  }

  private StoredActivation calibrate(SparsitySpec.Activation wanted) {
    if (!wanted.method().needsCalibration()) {
      return new StoredActivation(wanted.setting(source.config().layers()), Optional.empty());
    }
    if (plan.sequences().isEmpty()) {
      throw new FiligreeException(Message.FIL_0719, wanted.method().label());
    }
    DecoderPruning.Progress blocks =
        (done, total) -> progress.at("Calibrating blocks", done, total);
    if (wanted.method() == Method.R_SPARSE) {
      // What it needs is for this sparsity alone.
      return new StoredActivation(
          ActivationCalibration.settingFor(
              wanted.method(), wanted.sparsity(), source, plan.sequences(), blocks),
          Optional.empty());
    }
    ActivationCalibration calibration =
        ActivationCalibration.of(source, plan.sequences(), Set.of(wanted.method()), blocks);
    ActivationSetting setting =
        wanted.method() == Method.TEAL_GREEDY
            ? calibration.greedy(source, plan.sequences(), wanted.sparsity())
            : calibration.setting(wanted.method(), wanted.sparsity());
    return new StoredActivation(setting, Optional.of(ThresholdTable.of(calibration)));
  }

  private void tables() {
    DecoderConfig c = source.config();
    store.table(source, DecoderWeights.EMBEDDING, c.vocab(), c.dim());
    if (!c.tiedHead()) {
      store.table(source, DecoderWeights.HEAD, c.vocab(), c.dim());
    }
  }

  private List<String> blocks(Layout layout) {
    int layers = source.config().layers();
    if (!plan.weights().isEmpty()) {
      return DecoderPruning.forEachBlock(
          source,
          plan.weights(),
          plan.sequences(),
          plan.mode(),
          (layer, pruned, chosen) -> {
            for (Projection p : Projection.values()) {
              Mask mask = chosen.get(p.weight(layer));
              if (mask == null) {
                kept += nonZeros(p.weight(layer));
              } else {
                masks.put(p.weight(layer), mask.sha256());
                kept += mask.keptCount();
              }
            }
            block(layer, pruned, layout);
          },
          (done, total) -> progress.at("Pruning and packing blocks", done, total));
    }
    for (int l = 0; l < layers; l++) {
      kept += block(l, source, layout);
      progress.at("Packing blocks", l + 1, layers);
    }
    return List.of();
  }

  private long nonZeros(String name) {
    return Tensors.borrowing(
        () -> {
          ByteBuffer floats = source.floats(name);
          long count = 0;
          for (int i = 0; i < floats.limit(); i += 4) {
            count += floats.getFloat(i) != 0 ? 1 : 0;
          }
          return count;
        });
  }

  /** Stores a block; returns how many of its weights are not zero. */
  private long block(int layer, DecoderWeights weights, Layout layout) {
    DecoderConfig c = source.config();
    store.vector(weights, DecoderWeights.attentionNorm(layer));
    store.vector(weights, DecoderWeights.feedForwardNorm(layer));
    for (Projection p : Projection.values()) {
      if (p.hasBias(c)) {
        store.vector(weights, p.bias(layer));
      }
    }
    // Rounding to int8 a second time, for another layout, would not give the same weights.
    boolean anyFormat = layout == Layout.DENSE || plan.values() != ValueType.INT8;
    long count = 0;
    for (StoredMatrices m : StoredMatrices.of(layout)) {
      String pattern = pattern(m.weights(layer));
      count += Tensors.borrowing(() -> store.matrix(weights, layer, m, anyFormat, pattern));
    }
    return count;
  }

  /** The pattern that all of these are pruned in; null where there is not one. */
  private String pattern(List<String> names) {
    Set<String> patterns =
        names.stream()
            .map(name -> plan.weights().of(name).map(p -> p.pattern().text()).orElse(""))
            .collect(Collectors.toSet());
    String only = patterns.iterator().next();
    return patterns.size() == 1 && !only.isEmpty() ? only : null;
  }

  private Receipt receipt(Receipt before, double sparsity) {
    Receipt receipt = new Receipt(before.steps(), Map.of());
    for (OneShotPlan pruned : plan.weights().plans()) {
      Map<String, String> chosen = new LinkedHashMap<>(masks);
      chosen.keySet().removeIf(name -> !plan.weights().of(name).equals(Optional.of(pruned)));
      if (!chosen.isEmpty()) {
        ReceiptStep step =
            ReceiptStep.of("prune", plan.pruning(pruned)).withSeed(pruned.seed()).choosing(chosen);
        receipt = receipt.then(pruned.needsInputs() ? withData(step) : step);
      }
    }
    if (plan.activation().isPresent()) {
      SparsitySpec.Activation a = plan.activation().get();
      Map<String, String> settings = new LinkedHashMap<>();
      settings.put("method", a.method().label());
      if (a.method() != Method.RELU) {
        settings.put("sparsity", String.valueOf(a.sparsity()));
      } else if (a.threshold() != 0) {
        settings.put("threshold", String.valueOf(a.threshold()));
      }
      ReceiptStep step = ReceiptStep.of(ACTIVATION, settings);
      receipt = receipt.then(a.method().needsCalibration() ? withData(step) : step);
    } else if (plan.kept().isPresent() && !says(before, ACTIVATION)) {
      String method = plan.kept().get().setting().method().label();
      receipt = receipt.then(ReceiptStep.of(ACTIVATION, Map.of("method", method)));
    }
    Map<String, String> left = new TreeMap<>(store.masks());
    left.keySet().removeIf(name -> !store.isSparse(name));
    Map<String, String> earlier = receipt.masks();
    earlier.keySet().forEach(name -> left.putIfAbsent(name, store.masks().get(name)));
    left.values().removeIf(Objects::isNull);
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("values", plan.values().label());
    settings.put(WEIGHT_SPARSITY, String.valueOf(sparsity));
    ReceiptStep step = ReceiptStep.of(STEP, settings);
    // Weights that are rounded to zero are no longer kept.
    boolean same =
        left.entrySet().stream().allMatch(e -> e.getValue().equals(earlier.get(e.getKey())));
    return receipt.then(same ? step.keeping(left) : step.choosing(left));
  }

  private static boolean says(Receipt receipt, String step) {
    return receipt.steps().stream().anyMatch(s -> s.name().equals(step));
  }

  private ReceiptStep withData(ReceiptStep step) {
    return plan.calibration().map(d -> step.withData(List.of(d))).orElse(step);
  }
}
