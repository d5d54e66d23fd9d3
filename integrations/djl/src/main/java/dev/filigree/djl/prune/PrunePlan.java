package dev.filigree.djl.prune;

import ai.djl.training.dataset.Dataset;
import ai.djl.training.loss.Loss;
import dev.filigree.allocate.AllocationPlan;
import dev.filigree.allocate.CandidateExecutor;
import dev.filigree.annotations.Scope;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.plan.Pattern;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How a trained model is pruned at once. Immutable; the methods give changed copies.
 *
 * <p>Which layers: with {@link #include} those that match; else those that declare a weight
 * sparsity by annotation, if any do; else every layer Filigree can mask but the output head, a
 * first convolution and layers below 10,000 weights. A layer that is included by its exact path is
 * always taken.
 */
public final class PrunePlan {

  /** What a layer's inputs are seen through. */
  public enum Calibration {
    /**
     * Stage by stage: a layer sees inputs that the already pruned layers before it produce. A stage
     * is a layer of the root or of a sequence, or a composite block (an attention or transformer
     * block, for example) with all its layers. One pass over the data per stage.
     */
    SEQUENTIAL,
    /** All inputs from the untouched model, in one pass. Always so for {@code Scope.GLOBAL}. */
    DENSE
  }

  /** What happens to layers whose inputs m of N:M does not divide. */
  public enum Indivisible {
    FAIL,
    SKIP
  }

  // One builder-like state instead of a constructor of sixteen parameters.
  private OneShotPlan layers;
  private boolean dsnot;
  private AllocationPlan allocation = AllocationPlan.uniform();
  private List<String> include = List.of();
  private List<String> exclude = List.of();
  private Indivisible onIndivisible = Indivisible.FAIL;
  private Calibration calibration = Calibration.SEQUENTIAL;
  private boolean reconstructionError = true;
  private Samples search;
  private Samples evaluation;
  private boolean allowOverlap;
  private ModelFitness fitness;
  private Loss loss;
  private CandidateExecutor executor = CandidateExecutor.local();
  private PruneProgress progress = PruneProgress.NONE;
  private Path checkpoint;

  private PrunePlan(OneShotPlan layers) {
    this.layers = layers;
  }

  private PrunePlan(PrunePlan p) {
    layers = p.layers;
    dsnot = p.dsnot;
    allocation = p.allocation;
    include = p.include;
    exclude = p.exclude;
    onIndivisible = p.onIndivisible;
    calibration = p.calibration;
    reconstructionError = p.reconstructionError;
    search = p.search;
    evaluation = p.evaluation;
    allowOverlap = p.allowOverlap;
    fitness = p.fitness;
    loss = p.loss;
    executor = p.executor;
    progress = p.progress;
    checkpoint = p.checkpoint;
  }

  private interface Change {
    void on(PrunePlan copy);
  }

  private PrunePlan with(Change change) {
    PrunePlan copy = new PrunePlan(this);
    change.on(copy);
    return copy;
  }

  /**
   * Single weights.
   *
   * @param sparsity fraction removed, 0 to below 1
   */
  public static PrunePlan of(OneShotMethod method, double sparsity) {
    return of(OneShotPlan.of(method, new Pattern.Unstructured(), sparsity));
  }

  /** n kept of every m consecutive inputs. */
  public static PrunePlan nm(OneShotMethod method, int n, int m) {
    return of(OneShotPlan.of(method, new Pattern.NM(n, m), 0));
  }

  /** Any pattern, scope and seed. */
  public static PrunePlan of(OneShotPlan plan) {
    return new PrunePlan(plan);
  }

  /** Over what the share is counted; default: row, or layer for SparseGPT and blocks. */
  public PrunePlan scope(Scope scope) {
    return with(p -> p.layers = layers.withScope(scope));
  }

  /** Seed of the random method. */
  public PrunePlan seed(long seed) {
    return with(p -> p.layers = layers.withSeed(seed));
  }

  /** Refines every mask by DSnoT, one swap budget per calibration sample as published. */
  public PrunePlan dsnot() {
    return with(p -> p.dsnot = true);
  }

  /** How the share is spread over layers; default: the same everywhere. */
  public PrunePlan allocation(AllocationPlan plan) {
    return with(p -> p.allocation = plan);
  }

  /** Path globs of layers to take, as annotations write them. */
  public PrunePlan include(String... globs) {
    return with(p -> p.include = List.of(globs));
  }

  /** Path globs of layers to leave alone; wins over include. */
  public PrunePlan exclude(String... globs) {
    return with(p -> p.exclude = List.of(globs));
  }

  /** Default: fail. */
  public PrunePlan onIndivisible(Indivisible what) {
    return with(p -> p.onIndivisible = what);
  }

  /** Default: sequential. */
  public PrunePlan calibration(Calibration how) {
    return with(p -> p.calibration = how);
  }

  /**
   * Whether X^T X is gathered even where the method does not need it, so that the report has the
   * reconstruction error. Default: yes; it costs inputs^2 multiplications per token.
   */
  public PrunePlan reconstructionError(boolean wanted) {
    return with(p -> p.reconstructionError = wanted);
  }

  /** Data that measured allocation and search judge by; default: the calibration data. */
  public PrunePlan search(Dataset data) {
    return search(Samples.of(data));
  }

  /** The same. */
  public PrunePlan search(Samples data) {
    return with(p -> p.search = data);
  }

  /** Data the result is reported on; nothing is chosen by them. */
  public PrunePlan evaluation(Dataset data) {
    return evaluation(Samples.of(data));
  }

  /** The same. */
  public PrunePlan evaluation(Samples data) {
    return with(p -> p.evaluation = data);
  }

  /** Accepts samples that are in the evaluation data and in the others; their share is reported. */
  public PrunePlan allowOverlap() {
    return with(p -> p.allowOverlap = true);
  }

  /**
   * What search, measured allocation and evaluation judge by, lower is better. Default: divergence
   * of the outputs from the dense model's, in nats.
   */
  public PrunePlan fitness(ModelFitness wanted) {
    return with(p -> p.fitness = wanted);
  }

  /** The loss whose gradients GBLM takes, on the labels of the calibration data. */
  public PrunePlan loss(Loss wanted) {
    return with(p -> p.loss = wanted);
  }

  /** Where candidates of a search are evaluated; default: here, one after the other. */
  public PrunePlan executor(CandidateExecutor where) {
    return with(p -> p.executor = where);
  }

  /** Hears estimate and progress. */
  public PrunePlan progress(PruneProgress listener) {
    return with(p -> p.progress = listener);
  }

  /**
   * A directory where a calibration is stored every half minute, so that the same call goes on
   * after an interruption.
   */
  public PrunePlan checkpoint(Path directory) {
    return with(p -> p.checkpoint = directory);
  }

  OneShotPlan layers() {
    return layers;
  }

  boolean hasDsnot() {
    return dsnot || layers.refinement().isPresent();
  }

  AllocationPlan allocation() {
    return allocation;
  }

  List<String> include() {
    return include;
  }

  List<String> exclude() {
    return exclude;
  }

  Indivisible onIndivisible() {
    return onIndivisible;
  }

  Calibration calibration() {
    return layers.scope() == Scope.GLOBAL ? Calibration.DENSE : calibration;
  }

  boolean wantsReconstructionError() {
    return reconstructionError;
  }

  Optional<Samples> search() {
    return Optional.ofNullable(search);
  }

  Optional<Samples> evaluation() {
    return Optional.ofNullable(evaluation);
  }

  boolean allowsOverlap() {
    return allowOverlap;
  }

  Optional<ModelFitness> fitness() {
    return Optional.ofNullable(fitness);
  }

  Optional<Loss> loss() {
    return Optional.ofNullable(loss);
  }

  CandidateExecutor executor() {
    return executor;
  }

  PruneProgress progress() {
    return progress;
  }

  Optional<Path> checkpoint() {
    return Optional.ofNullable(checkpoint);
  }

  /** Whether anything needs to see the inputs of layers. */
  boolean needsInputs() {
    return layers.needsInputs() || hasDsnot() || allocation instanceof AllocationPlan.Owl;
  }
}
