package dev.filigree.djl;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.AbstractSymbolBlock;
import ai.djl.nn.Block;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.dataset.Dataset;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.prune.PrunePlan;
import dev.filigree.djl.prune.PruneReport;
import dev.filigree.djl.prune.Pruner;
import dev.filigree.djl.prune.Samples;
import dev.filigree.djl.prune.Sensitivity;
import dev.filigree.djl.prune.SensitivityReport;
import dev.filigree.djl.serve.Activations;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.djl.train.Finish;
import dev.filigree.djl.train.TrainingHook;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerPlan;
import dev.filigree.plan.Message;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Filigree on DJL models, in the order of a model's life: bind, train, calibrate, finish, pack,
 * save and load, strip.
 *
 * <p>Under the agent, binding and training need no call: annotated models bind themselves and
 * {@code Trainer.step} keeps them sparse. All methods are safe to call again.
 */
public final class Filigree {
  private static final Logger LOG = LoggerFactory.getLogger(Filigree.class);

  private Filigree() {}

  /**
   * Binds the annotated layers of a block tree.
   *
   * @throws FiligreeException where a declaration cannot be used
   */
  public static ModelSummary bind(Block root) {
    return bound(root, Bindings.bind(root));
  }

  /**
   * The same with every plan passed through a function first, which may return null for no plan.
   * Takes precedence over annotations for this root from now on.
   */
  public static ModelSummary bind(Block root, UnaryOperator<LayerPlan> adjust) {
    return bound(root, Bindings.bind(root, adjust));
  }

  private static ModelSummary bound(Block root, Bindings.Result result) {
    ModelSummary summary = Summaries.of(root, result.orThrow());
    if (root instanceof AbstractSymbolBlock) {
      LOG.warn(Message.FIL_0216.text(root.getClass().getSimpleName()));
    } else if (summary.bound() == 0) {
      LOG.warn(
          Message.FIL_0204.text(
              root.getClass().getSimpleName(), Summaries.candidates(result.layers())));
    } else {
      LOG.info(summary.line());
    }
    return summary;
  }

  /**
   * A trainer that keeps bound layers sparse without the agent. Methods that mask the forward pass
   * (SR-STE) are shown their masked weights by this trainer as well; packed operators at inference
   * need the agent.
   */
  public static Trainer newTrainer(Model model, TrainingConfig config) {
    return SparseTrainer.of(model, config);
  }

  /**
   * Says how many optimizer steps a trainer will do, for schedules in fractions; before its first
   * step. {@code EasyTrain.fit} says it by itself under the agent.
   *
   * @throws FiligreeException FIL-0217 where steps is below 1
   */
  public static void plannedSteps(Trainer trainer, long steps) {
    TrainingHook.plannedSteps(trainer, steps);
  }

  /** Seeds the random criterion of a trainer (default 0); before its first step. */
  public static void seed(Trainer trainer, long seed) {
    TrainingHook.seed(trainer, seed);
  }

  /**
   * Makes every bound weight exactly as sparse as declared, now: ends straight-through training by
   * writing its zeros, and prunes at once what was never trained or whose schedule did not reach
   * its end. Weights that are as declared already do not change.
   */
  public static void finish(Model model) {
    Finish.run(model);
  }

  /**
   * Runs inputs through the model with dense activations and sets the thresholds of {@code TEAL},
   * {@code TEAL_GREEDY}, {@code WINA_THRESHOLD}, {@code R_SPARSE}, {@code CATS} and {@code CHESS}
   * layers.
   *
   * @param inputs batches as the model takes them, a few hundred rows in all; attached to a manager
   *     that is closed
   * @throws FiligreeException FIL-0214 without inputs, FIL-0208 where DJL is not woven, FIL-0877
   *     for a block under {@code TEAL_GREEDY} that computes something else than it says
   */
  public static void calibrate(Model model, Iterable<NDList> inputs) {
    Activations.calibrate(model, inputs);
  }

  /**
   * Finishes the model and chooses for every bound Linear what serves it from now on: measured
   * packed forms or DJL's dense layer. Needs the agent to act. Dense parameters stay as they are.
   *
   * @throws FiligreeException FIL-0220 where a layer declares {@code criterion = WANDA} or {@code
   *     SPARSEGPT}, was not pruned yet and the options have no calibration data
   */
  public static ModelSummary pack(Model model, PackOptions options) {
    options.calibration().ifPresent(data -> Pruner.declared(model, data));
    return Packing.pack(model, options);
  }

  /**
   * Prunes a trained model at once, without training. The masks hold from then on: further training
   * keeps them, {@link #pack} and {@link #save} use them, {@link #strip} and a bind with other
   * plans let go of them. Where it fails the weights are as they were.
   *
   * <p>Methods that look at the inputs of layers (Wanda, SparseGPT, GBLM, DSnoT, and shares by OWL)
   * need DJL woven, by {@code -javaagent} or {@code FiligreeAgent.attach()}; magnitude and random
   * do not.
   *
   * @param calibration a few hundred samples as the model takes them, not sampled at random; for
   *     GBLM with labels
   * @throws FiligreeException FIL-0221 where DJL is not woven, FIL-0223 and FIL-0229 for layers
   *     that cannot be pruned, FIL-0225 for samples that are in the evaluation data as well, and
   *     what the method refuses
   */
  public static PruneReport prune(Model model, Dataset calibration, PrunePlan plan) {
    return prune(model, Samples.of(calibration), plan);
  }

  /** The same with any batches. */
  public static PruneReport prune(Model model, Samples calibration, PrunePlan plan) {
    PackedModel.restoreDense(model);
    Packing.unpack(model);
    return Pruner.prune(model, calibration, plan);
  }

  /**
   * How much harm every layer, and all of them together, take from sparsity. Nothing changes.
   *
   * @param data what is looked at, for inputs of layers and for the fitness of the plan
   * @param plan method, pattern, layers and fitness; its sparsity does not matter
   * @param sparsities at which to look, ascending, above 0 and below 1
   * @throws FiligreeException as {@link #prune}
   */
  public static SensitivityReport sensitivity(
      Model model, Samples data, PrunePlan plan, List<Double> sparsities) {
    PackedModel.restoreDense(model);
    Packing.unpack(model);
    return Sensitivity.measure(model, data, plan, sparsities);
  }

  /** The same from 10 to 90 % in steps of ten, and at 95 %. */
  public static SensitivityReport sensitivity(Model model, Dataset data, PrunePlan plan) {
    return sensitivity(model, Samples.of(data), plan, SensitivityReport.SPARSITIES);
  }

  /**
   * Shows the hidden units of a feed-forward block that is regularised,
   * {@code @ActivationSparse(method = RELU, lambda = ...)}. Only for blocks that are also trained
   * without the agent, by {@link #newTrainer}: their forward calls it in training, before down's.
   * With the agent they are seen anyway, and this does nothing.
   *
   * @param down the layer named as down
   * @param h its input, relu(gate(x)) * up(x)
   */
  public static void hidden(Block down, NDArray h) {
    if (TrainingHook.isCollecting() && !Dispatch.isWoven()) {
      TrainingHook.sees(down, h);
    }
  }

  /**
   * Begins a new sequence on this thread, for models with blocks under {@code COREINFER}: the next
   * forward pass with several tokens is the prompt of it, and up to then everything runs dense.
   * Without it a prompt of as many sequences as before adds to theirs, and one of another number
   * begins new ones. Prompts of other threads stay. Nothing happens for other models.
   */
  public static void newSequence(Model model) {
    Activations.newSequence(model.getBlock());
  }

  /** Drops everything packed; layers run masked dense again. */
  public static void unpack(Model model) {
    Packing.unpack(model);
  }

  /**
   * Finishes the model and writes its parameters into one packed file: bound weights in the smaller
   * of packed and dense form, everything else as it is. A receipt goes with them: what {@link
   * #prune} did, with its settings, seed, digests of its data, evaluation and masks, what {@link
   * #finish} chose as declared, and the masks that were written. {@code filigree verify} checks it.
   *
   * @throws FiligreeException FIL-0403 where the file cannot be written, FIL-0314 for a parameter
   *     that is not FLOAT32; nothing is left behind then
   */
  public static void save(Model model, Path packedFile) {
    PackedModelWriter.save(model, packedFile);
  }

  /**
   * Serves a model from a packed file. Packed weights stay in the mapped file and serve every batch
   * size; their dense arrays are never created, and closed where they existed.
   *
   * @param model with the block the file was saved from, initialised or not
   * @throws FiligreeException where the file is damaged or belongs to another model
   */
  public static ModelSummary load(Model model, Path packedFile) {
    return PackedModel.load(model, packedFile);
  }

  /**
   * Gives back a plain DJL model: dense weights with exact zeros, nothing bound. It is not bound
   * again by itself.
   */
  public static void strip(Model model) {
    Finish.run(model);
    PackedModel.restoreDense(model);
    Packing.unpack(model);
    Bindings.strip(model.getBlock());
  }

  /** What Filigree does with a model now. */
  public static ModelSummary summary(Model model) {
    Block root = model.getBlock();
    return Summaries.of(root, Bindings.bind(root).layers());
  }
}
