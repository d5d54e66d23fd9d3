package dev.filigree.agent.bridge;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Dataset;
import ai.djl.util.PairList;
import dev.filigree.agent.hook.Handler;
import dev.filigree.djl.weave.WovenCalls;
import java.nio.file.Path;

/** Gives the arguments of woven calls their DJL types and passes them on. */
public final class WovenBridge implements Handler {

  /** For a class of blocks: the lowest class that declares the overload with labels. */
  private static final ClassValue<Class<?>> LABELS_DECLARED_BY =
      new ClassValue<>() {
        @Override
        protected Class<?> computeValue(Class<?> block) {
          try {
            return block
                .getMethod(
                    "forward", ParameterStore.class, NDList.class, NDList.class, PairList.class)
                .getDeclaringClass();
          } catch (NoSuchMethodException | LinkageError e) {
            // A class whose methods cannot all be linked: no declaration is the lowest, so none
            // dispatches, and the blocks below it still do.
            return Object.class;
          }
        }
      };

  /** Called by reflection. */
  public WovenBridge() {}

  @Override
  public Object enterForward(
      Object block, Object store, Object inputs, boolean training, Object parameters) {
    return WovenCalls.enterForward(
        (Block) block, (ParameterStore) store, (NDList) inputs, training, pairs(parameters));
  }

  @Override
  public void exitForward(Object block) {
    WovenCalls.exitForward((Block) block);
  }

  @Override
  public Object enterLabels(
      Class<?> declaring, Object block, Object store, Object inputs, Object parameters) {
    return LABELS_DECLARED_BY.get(block.getClass()) == declaring
        ? enterForward(block, store, inputs, true, parameters)
        : null;
  }

  @Override
  public void exitLabels(Class<?> declaring, Object block) {
    if (LABELS_DECLARED_BY.get(block.getClass()) == declaring) {
      exitForward(block);
    }
  }

  @Override
  public void enterStep(Object trainer) {
    WovenCalls.enterStep((Trainer) trainer);
  }

  @Override
  public void exitStep(Object trainer) {
    WovenCalls.exitStep((Trainer) trainer);
  }

  @Override
  public void trainerCreated(Object trainer) {
    WovenCalls.trainerCreated((Trainer) trainer);
  }

  @Override
  public void trainerInitialized(Object trainer) {
    WovenCalls.trainerInitialized((Trainer) trainer);
  }

  @Override
  public Object collecting(Object trainer, Object collector) {
    return WovenCalls.collecting((Trainer) trainer, (GradientCollector) collector);
  }

  @Override
  public void trainerClosing(Object trainer) {
    WovenCalls.trainerClosing((Trainer) trainer);
  }

  @Override
  public void fitStarting(Object trainer, int epochs, Object training) {
    WovenCalls.fitStarting((Trainer) trainer, epochs, (Dataset) training);
  }

  @Override
  public void blockSet(Object model, Object block) {
    WovenCalls.blockSet((Model) model, (Block) block);
  }

  @Override
  public void predictorCreated(Object model) {
    WovenCalls.predictorCreated((Model) model);
  }

  @Override
  public void modelSaved(Object model, Path directory, String name) {
    WovenCalls.modelSaved((Model) model, directory, name);
  }

  @Override
  public void modelClosing(Object model) {
    WovenCalls.modelClosing((Model) model);
  }

  @Override
  public void constructed(Object owner) {
    // Blocks are found by the walk of the model they are set in.
    if (!(owner instanceof Block)) {
      WovenCalls.constructed(owner);
    }
  }

  @Override
  public void returned(Class<?> owner, String method, String descriptor, Object result) {
    WovenCalls.returned(owner, method, descriptor, result);
  }

  @Override
  public String kernels() {
    return WovenCalls.kernels();
  }

  @SuppressWarnings("unchecked")
  private static PairList<String, Object> pairs(Object parameters) {
    return (PairList<String, Object>) parameters;
  }
}
