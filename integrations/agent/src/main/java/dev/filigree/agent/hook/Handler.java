package dev.filigree.agent.hook;

import java.nio.file.Path;

/**
 * What woven code calls, once per copy of DJL. The arguments are DJL objects; only the
 * implementation beside that DJL can name their types.
 */
public interface Handler {

  /**
   * A block's forward begins.
   *
   * @return null to continue; a {@link java.util.List} (an NDList) to answer with it; anything else
   *     is the ParameterStore to continue with
   */
  Object enterForward(
      Object block, Object store, Object inputs, boolean training, Object parameters);

  /** A block's forward ends, by return or by exception. */
  void exitForward(Object block);

  /**
   * The overload with labels begins, as declared by {@code declaring}. Only the lowest declaration
   * dispatches; its calls to super do not.
   *
   * @return as for {@link #enterForward}
   */
  Object enterLabels(
      Class<?> declaring, Object block, Object store, Object inputs, Object parameters);

  /** The overload with labels ends, by return or by exception. */
  void exitLabels(Class<?> declaring, Object block);

  /** {@code Trainer.step} begins. */
  void enterStep(Object trainer);

  /** {@code Trainer.step} returned. */
  void exitStep(Object trainer);

  /** A Trainer's own constructor returned. */
  void trainerCreated(Object trainer);

  /** {@code Trainer.initialize} returned. */
  void trainerInitialized(Object trainer);

  /** {@code Trainer.newGradientCollector} returned; gives the collector to use. */
  Object collecting(Object trainer, Object collector);

  /** {@code Trainer.close} begins. */
  void trainerClosing(Object trainer);

  /** {@code EasyTrain.fit} begins. */
  void fitStarting(Object trainer, int epochs, Object training);

  /** {@code BaseModel.setBlock} returned. */
  void blockSet(Object model, Object block);

  /** A Predictor's constructor returned. */
  void predictorCreated(Object model);

  /** {@code BaseModel.save} returned. */
  void modelSaved(Object model, Path directory, String name);

  /** {@code BaseModel.close} begins. */
  void modelClosing(Object model);

  /** A constructor of an annotated class returned. */
  void constructed(Object owner);

  /** An annotated factory method returned. */
  void returned(Class<?> owner, String method, String descriptor, Object result);

  /** One line about the kernels in use. */
  String kernels();
}
