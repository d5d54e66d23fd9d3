package dev.filigree.djl.weave;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Dataset;
import ai.djl.util.PairList;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.bind.Declared;
import dev.filigree.djl.serve.Activations;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.djl.train.TrainingHook;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.plan.AnnotationReader;
import dev.filigree.plan.Declarations;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.lang.annotation.AnnotationFormatError;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Entry points for woven code. A failure inside Filigree is logged once per place and the host goes
 * on as without it. Only a declaration that cannot be used ({@link FiligreeException}) is thrown,
 * and only where a model starts to train: the user is there to read it.
 */
public final class WovenCalls {
  private static final Logger LOG = LoggerFactory.getLogger(WovenCalls.class);
  private static final Set<String> LOGGED = ConcurrentHashMap.newKeySet();

  private WovenCalls() {}

  /**
   * Before a forward. Null = continue; an NDList = answer with it; a ParameterStore = continue with
   * it.
   */
  public static Object enterForward(
      Block block,
      ParameterStore store,
      NDList inputs,
      boolean training,
      PairList<String, Object> params) {
    Dispatch.open(block);
    try {
      if (training && !inputs.isEmpty()) {
        TrainingHook.sees(block, inputs.head());
      }
      return Dispatch.decide(block, store, inputs, training);
    } catch (RuntimeException | LinkageError | StackOverflowError | AnnotationFormatError e) {
      failed("forward", block, e);
      return null;
    }
  }

  /** After a forward, however it ended. */
  public static void exitForward(Block block) {
    Dispatch.exit();
  }

  /** A trainer was made. */
  public static void trainerCreated(Trainer trainer) {
    guard("newTrainer", trainer.getModel(), true, () -> TrainingHook.created(trainer));
  }

  /** {@code Trainer.initialize} ended. */
  public static void trainerInitialized(Trainer trainer) {
    guard("Trainer.initialize", trainer.getModel(), true, () -> TrainingHook.initialized(trainer));
  }

  /** {@code EasyTrain.fit} starts. */
  public static void fitStarting(Trainer trainer, int epochs, Dataset training) {
    guard(
        "fit", trainer.getModel(), true, () -> TrainingHook.fitStarting(trainer, epochs, training));
  }

  /** {@code Trainer.newGradientCollector} returned; gives the collector to use. */
  public static GradientCollector collecting(Trainer trainer, GradientCollector collector) {
    GradientCollector[] used = {collector};
    guard(
        "newGradientCollector",
        trainer.getModel(),
        true,
        () -> used[0] = TrainingHook.collecting(trainer, collector));
    return used[0];
  }

  /** {@code Trainer.step} starts. */
  public static void enterStep(Trainer trainer) {
    guard("step", trainer.getModel(), true, () -> TrainingHook.beforeStep(trainer));
  }

  /** {@code Trainer.step} ended. */
  public static void exitStep(Trainer trainer) {
    guard("step", trainer.getModel(), true, () -> TrainingHook.afterStep(trainer));
  }

  /** {@code Trainer.close} starts. */
  public static void trainerClosing(Trainer trainer) {
    guard("close", trainer.getModel(), false, () -> TrainingHook.closing(trainer));
  }

  /** {@code Model.setBlock} ended. */
  public static void blockSet(Model model, Block block) {
    if (block != null) {
      guard("setBlock", model, false, () -> logErrors(Bindings.bind(block)));
    }
  }

  /** A predictor was made: binds, and drops packed weights whose parameters were edited since. */
  public static void predictorCreated(Model model) {
    guard("newPredictor", model, false, () -> serve(model));
  }

  /** {@code Model.save} ended: a checkpoint with latent weights says so in a side file. */
  public static void modelSaved(Model model, Path directory, String name) {
    guard("save", model, false, () -> LatentCheckpoint.saved(model, directory, name));
  }

  /** {@code Model.close} starts: packed memory is let go. */
  public static void modelClosing(Model model) {
    Block block = model.getBlock();
    if (block != null) {
      guard("close", model, false, () -> Bindings.release(block));
    }
  }

  /** The constructor of an annotated owner that is no block ended. */
  public static void constructed(Object owner) {
    guard("constructor", owner, false, () -> Declared.putFieldsOf(owner));
  }

  /** An annotated factory method returned; gives its result back. */
  public static Object returned(
      Class<?> owner, String methodName, String descriptor, Object result) {
    if (result instanceof Block block) {
      guard(
          "factory " + methodName,
          block,
          false,
          () -> declared(owner, methodName, descriptor, block));
    }
    return result;
  }

  /** Which kernels run, for the banner. */
  public static String kernels() {
    return KernelSelection.description();
  }

  private static void declared(Class<?> owner, String methodName, String descriptor, Block block) {
    for (Method m : owner.getDeclaredMethods()) {
      Declarations declarations = AnnotationReader.readAll(m);
      if (m.getName().equals(methodName)
          && !declarations.isEmpty()
          && descriptor(m).equals(descriptor)) {
        Declared.putResult(
            block, declarations, "method " + owner.getSimpleName() + "." + methodName + "()");
      }
    }
  }

  private static String descriptor(Method m) {
    StringBuilder s = new StringBuilder("(");
    Arrays.stream(m.getParameterTypes()).forEach(p -> s.append(p.descriptorString()));
    return s.append(')').append(m.getReturnType().descriptorString()).toString();
  }

  private static void serve(Model model) {
    Block root = model.getBlock();
    if (root == null) {
      return;
    }
    Bindings.Result result = Bindings.bind(root);
    logErrors(result);
    for (Bindings.Layer b : result.blocks()) {
      if (b.binding().serving() != null) {
        b.binding().serving().verify(b.binding());
      }
    }
    Activations.prepare(result.layers());
    for (Bindings.Layer l : result.layers()) {
      if (l.binding().serving() != null) {
        l.binding().serving().verify(l.binding());
      }
    }
    Activations.uncalibrated(result.layers()).stream()
        .map(b -> Message.FIL_0212.text(b.path()))
        .filter(LOGGED::add)
        .forEach(LOG::warn);
    LatentCheckpoint.warnIfLoaded(model);
  }

  private static void logErrors(Bindings.Result result) {
    result.errors().stream().filter(LOGGED::add).forEach(LOG::error);
  }

  private static void guard(
      String place, Object subject, boolean declarationsThrow, Runnable work) {
    try {
      work.run();
    } catch (FiligreeException e) {
      if (declarationsThrow) {
        throw e;
      }
      failed(place, subject, e);
    } catch (RuntimeException | LinkageError | StackOverflowError | AnnotationFormatError e) {
      failed(place, subject, e);
    }
  }

  private static void failed(String place, Object subject, Throwable e) {
    if (LOGGED.add(place + e.getClass() + e.getMessage())) {
      String what = subject == null ? "the model" : subject.getClass().getSimpleName();
      LOG.warn(Message.FIL_0210.text(place, what, e), e);
    }
  }
}
