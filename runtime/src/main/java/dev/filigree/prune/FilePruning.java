package dev.filigree.prune;

import dev.filigree.annotations.Scope;
import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.criterion.Layer;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.criterion.Pruned;
import dev.filigree.criterion.ReconstructionError;
import dev.filigree.file.AtomicFile;
import dev.filigree.file.AtomicFolder;
import dev.filigree.file.DType;
import dev.filigree.file.DataDigest;
import dev.filigree.file.Evaluation;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.FurtherFiles;
import dev.filigree.file.ModelFiles;
import dev.filigree.file.PackedFile;
import dev.filigree.file.Progress;
import dev.filigree.file.Receipt;
import dev.filigree.file.ReceiptStep;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.Spool;
import dev.filigree.file.StoredMasks;
import dev.filigree.file.Tensor;
import dev.filigree.kernel.Workers;
import dev.filigree.mask.GlobalSelection;
import dev.filigree.mask.Mask;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Prunes the matrices of a safetensors file, or of a model in several. Tensors are read, pruned and
 * put aside on disk one after the other, so memory grows with the largest of them. With {@link
 * Scope#GLOBAL} all are read several times.
 *
 * <p>All other tensors are copied byte for byte. Where a kept weight is zero the mask is stored
 * beside it; a receipt of the step goes into the metadata.
 */
public final class FilePruning {
  /** The metadata key under which a file of inputs says how many sequences they come from. */
  public static final String SEQUENCES_KEY = "calibration_sequences";

  private final ModelFiles model;
  private final Optional<CalibrationInputs> inputs;
  private final PruneOptions options;
  private final Workers workers;
  private final Progress progress;
  private final List<PruneResult.Row> rows = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private final Map<String, Tensor> replaced = new HashMap<>();
  private final Map<String, Tensor> masks = new HashMap<>();

  private FilePruning(
      ModelFiles model,
      Optional<CalibrationInputs> inputs,
      PruneOptions options,
      Workers workers,
      Progress progress) {
    this.model = model;
    this.inputs = inputs;
    this.options = options;
    this.workers = workers;
    this.progress = progress;
  }

  /**
   * Prunes.
   *
   * @param in a safetensors file, an index, or a folder with one of them
   * @param inputs a safetensors file with the calibration inputs [tokens][in] of every layer under
   *     the name of its weight
   * @param out a file where {@code in} is one, else a folder that does not exist yet or is empty;
   *     it is written whole or not at all
   * @throws FiligreeException FIL-0401, FIL-0404 and FIL-0429 for files, FIL-0434 where the output
   *     is an input, FIL-0403 for the output, FIL-0435 for a packed file, FIL-0630 to FIL-0636 for
   *     tensors and inputs that cannot be used; nothing is written then
   */
  public static PruneResult run(
      Path in, Optional<Path> inputs, Path out, PruneOptions options, Progress progress) {
    if (inputs.isEmpty()) {
      options
          .plans()
          .needingInputs()
          .ifPresent(
              plan -> {
                throw new FiligreeException(Message.FIL_0636, plan.method().label());
              });
    }
    ModelFiles model = ModelFiles.open(in);
    boolean folder = model.isSharded() || Files.isDirectory(in);
    checkPlaces(model, inputs, out, folder);
    FilePruning pruning =
        new FilePruning(
            model, inputs.map(CalibrationInputs::open), options, Workers.shared(), progress);
    return pruning.prune(in, inputs, out, folder);
  }

  /**
   * How many sequences the inputs in a file come from, where it says so.
   *
   * @throws FiligreeException FIL-0401 and FIL-0404 for the file
   */
  public static OptionalLong sequences(Path inputs) {
    String text = SafetensorsFile.open(inputs).metadata().getOrDefault(SEQUENCES_KEY, "");
    return text.matches("[1-9]\\d{0,17}")
        ? OptionalLong.of(Long.parseLong(text))
        : OptionalLong.empty();
  }

  private static void checkPlaces(
      ModelFiles model, Optional<Path> inputs, Path out, boolean folder) {
    List<Path> taken = new ArrayList<>();
    for (SafetensorsFile file : model.files()) {
      if (PackedFile.isPacked(file)) {
        throw new FiligreeException(Message.FIL_0435, file.path());
      }
      taken.add(file.path());
      if (folder) {
        taken.add(file.path().toAbsolutePath().getParent());
      }
    }
    inputs.ifPresent(taken::add);
    for (Path path : taken) {
      if (isSame(path, out)) {
        throw new FiligreeException(Message.FIL_0434, out);
      }
    }
    if (!folder) {
      AtomicFile.checkWritable(out);
    } else if (Files.exists(out) && !Files.isDirectory(out)) {
      throw new FiligreeException(
          Message.FIL_0403, out, "it is a file, and a model that comes as a folder needs a folder");
    } else {
      AtomicFolder.checkWritable(out);
    }
  }

  private static boolean isSame(Path a, Path b) {
    try {
      return Files.exists(a) && Files.exists(b) && Files.isSameFile(a, b);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, b, e.getMessage());
    }
  }

  private PruneResult prune(Path in, Optional<Path> inputFile, Path out, boolean folder) {
    PruneTargets targets = PruneTargets.of(model, in, options);
    warnings.addAll(targets.warnings());
    inputs.ifPresent(x -> targets.tensors().forEach(x::check));
    try (Spool spool = Spool.beside(out)) {
      int done = 0;
      for (OneShotPlan plan : options.plans().plans()) {
        List<Tensor> tensors = targets.of(plan);
        if (plan.scope() == Scope.GLOBAL && !(plan.pattern() instanceof Pattern.NM)) {
          pruneTogether(targets, plan, tensors, done, spool);
        } else {
          pruneOneByOne(targets, tensors, done, spool);
        }
        done += tensors.size();
      }
      rows.sort(Comparator.comparingInt(r -> targets.indexOf(r.name())));
      Receipt receipt = Receipt.in(model.metadata(), model.path());
      for (OneShotPlan plan : options.plans().plans()) {
        if (!targets.of(plan).isEmpty()) {
          receipt = receipt.then(step(plan, targets, inputFile));
        }
      }
      List<ModelFiles.Contents> contents = contents(receipt);
      if (folder) {
        AtomicFolder.write(out, to -> write(to, contents));
      } else {
        model.write(out, contents);
      }
      return new PruneResult(
          List.copyOf(rows),
          targets.skipped(),
          List.copyOf(warnings),
          model.bytes(),
          ModelFiles.open(out).bytes());
    }
  }

  private void write(Path folder, List<ModelFiles.Contents> contents) {
    model.write(model.isSharded() ? folder : folder.resolve(model.path().getFileName()), contents);
    FurtherFiles.copy(model.path().toAbsolutePath().getParent(), folder);
  }

  /**
   * @param before tensors that were pruned before these
   */
  private void pruneOneByOne(PruneTargets targets, List<Tensor> tensors, int before, Spool spool) {
    int done = before;
    for (Tensor t : tensors) {
      progress.at("Pruning", done++, targets.tensors().size());
      OneShotPlan plan = targets.plan(t);
      Layer layer = layer(t, plan);
      keep(t, layer, new OneShot(plan, workers).prune(layer), spool);
    }
    progress.at("Pruning", done, targets.tensors().size());
  }

  /**
   * Tensors that share one count are read several times rather than kept. What is kept of their
   * inputs are two numbers a column; X^T X is for the last reading alone.
   *
   * @param before tensors that were pruned before these
   */
  private void pruneTogether(
      PruneTargets targets, OneShotPlan plan, List<Tensor> tensors, int before, Spool spool) {
    Map<String, Tensor> byName = new HashMap<>();
    Map<String, LayerStatistics> sums = new HashMap<>();
    for (Tensor t : tensors) {
      byName.put(t.name(), t);
      if (inputs.isPresent() && plan.needsInputs()) {
        sums.put(t.name(), statistics(t, /* gram= */ false));
      }
    }
    OneShot oneShot = new OneShot(plan, workers);
    int[] read = new int[1];
    GlobalSelection chosen =
        oneShot.choose(
            tensors.stream()
                .map(
                    t ->
                        new GlobalSelection.Matrix(
                            t.name(), (int) t.shape()[0], (int) t.shape()[1]))
                .toList(),
            name -> {
              progress.at("Scoring", read[0]++ % tensors.size(), tensors.size());
              return weights(byName.get(name), sums.get(name));
            });
    int done = before;
    for (Tensor t : tensors) {
      progress.at("Pruning", done++, targets.tensors().size());
      Layer layer = weights(t, sums.get(t.name()));
      Pruned pruned = oneShot.prune(layer, chosen);
      boolean gram = inputs.isPresent() && options.reconstruction();
      keep(t, gram ? layer.with(statistics(t, /* gram= */ true)) : layer, pruned, spool);
    }
    progress.at("Pruning", done, targets.tensors().size());
  }

  private Layer layer(Tensor t, OneShotPlan plan) {
    boolean gram = options.reconstruction() || plan.method().needs() == OneShotMethod.Needs.GRAM;
    return weights(
        t, inputs.isEmpty() || !(gram || plan.needsInputs()) ? null : statistics(t, gram));
  }

  private LayerStatistics statistics(Tensor t, boolean gram) {
    return inputs.get().statistics(t.name(), (int) t.shape()[1], gram, workers, progress);
  }

  /**
   * @param statistics of its inputs, or null
   */
  private Layer weights(Tensor t, LayerStatistics statistics) {
    int rows = (int) t.shape()[0];
    int cols = (int) t.shape()[1];
    FloatBuffer weights = FloatBuffer.allocate(Math.multiplyExact(rows, cols));
    FloatTensor.of(t).read(0, weights);
    for (int i = 0; i < weights.capacity(); i++) {
      if (!Float.isFinite(weights.get(i))) {
        throw new FiligreeException(
            Message.FIL_0630,
            model.path(),
            t.name(),
            "holds %s at row %s, column %s".formatted(weights.get(i), i / cols, i % cols),
            t.name());
      }
    }
    Layer layer = Layer.of(t.name(), rows, cols, weights);
    return statistics == null ? layer : layer.with(statistics);
  }

  private void keep(Tensor t, Layer layer, Pruned pruned, Spool spool) {
    Mask mask = pruned.mask();
    FloatBuffer weights = pruned.weights();
    Tensor stored =
        spool.add(
            t.name(),
            t.dtype(),
            t.shape(),
            () -> Pieces.of(weights, piece -> FloatTensor.encode(t.name(), t.dtype(), piece)));
    FloatBuffer written = weights;
    if (t.dtype() != DType.F32) {
      written = FloatBuffer.allocate(weights.capacity());
      FloatTensor.of(stored).read(0, written);
    }
    long zeros = 0;
    for (int i = 0; i < written.capacity(); i++) {
      zeros += written.get(i) == 0 ? 1 : 0;
    }
    long elements = (long) mask.rows() * mask.cols();
    boolean keptZero = elements - zeros < mask.keptCount();
    if (keptZero) {
      Tensor bits = StoredMasks.tensor(t.name(), mask);
      masks.put(t.name(), bits);
    }
    replaced.put(t.name(), stored);
    warnings.addAll(pruned.warnings());
    OptionalDouble error =
        inputs.isPresent() && options.reconstruction()
            ? OptionalDouble.of(ReconstructionError.of(layer, written, workers))
            : OptionalDouble.empty();
    rows.add(
        new PruneResult.Row(
            t.name(),
            mask.rows(),
            mask.cols(),
            mask.keptCount(),
            mask.sparsity(),
            mask.sha256(),
            keptZero ? OptionalDouble.of(zeros / (double) elements) : OptionalDouble.empty(),
            error));
  }

  private ReceiptStep step(OneShotPlan plan, PruneTargets targets, Optional<Path> inputFile) {
    Set<String> names = targets.of(plan).stream().map(Tensor::name).collect(Collectors.toSet());
    List<PruneResult.Row> own = rows.stream().filter(r -> names.contains(r.name())).toList();
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("method", plan.method().label());
    settings.put("pattern", plan.pattern().text());
    if (!(plan.pattern() instanceof Pattern.NM)) {
      settings.put("sparsity", String.valueOf(plan.sparsity()));
      settings.put("scope", plan.scope().name().toLowerCase(Locale.ROOT));
    }
    plan.refinement()
        .ifPresent(d -> settings.put("refinement", "dsnot of " + d.sequences() + " sequences"));
    if (options.allocation() != AllocationRule.UNIFORM) {
      settings.put("allocation", options.allocation().name().toLowerCase(Locale.ROOT));
    }
    if (!options.include().isEmpty()) {
      settings.put("include", String.join(" ", options.include()));
    }
    if (!options.exclude().isEmpty()) {
      settings.put("exclude", String.join(" ", options.exclude()));
    }
    Map<String, String> digests = new TreeMap<>();
    own.forEach(r -> digests.put(r.name(), r.maskSha256()));
    ReceiptStep step = ReceiptStep.of("prune", settings).withSeed(plan.seed()).choosing(digests);
    if (inputFile.isPresent() && plan.needsInputs()) {
      step = step.withData(List.of(DataDigest.of(DataDigest.Role.CALIBRATION, inputFile.get())));
    }
    if (own.stream().anyMatch(r -> r.reconError().isPresent())) {
      double sum = own.stream().mapToDouble(r -> r.reconError().orElse(0)).sum();
      if (Double.isFinite(sum)) {
        step = step.withEvaluations(List.of(Evaluation.of("recon_error", 0, sum)));
      }
    }
    return step;
  }

  private List<ModelFiles.Contents> contents(Receipt receipt) {
    List<ModelFiles.Contents> contents = new ArrayList<>();
    // Masks of an earlier pruning.
    Set<String> outdated =
        replaced.keySet().stream().map(StoredMasks::nameFor).collect(Collectors.toSet());
    for (SafetensorsFile file : model.files()) {
      List<Tensor> tensors = new ArrayList<>();
      List<Tensor> stored = new ArrayList<>();
      for (Tensor t : file.tensors()) {
        if (outdated.contains(t.name())) {
          continue;
        }
        tensors.add(replaced.getOrDefault(t.name(), t));
        if (masks.containsKey(t.name())) {
          stored.add(masks.get(t.name()));
        }
      }
      tensors.addAll(stored);
      contents.add(new ModelFiles.Contents(tensors, receipt.into(file.metadata())));
    }
    return contents;
  }
}
