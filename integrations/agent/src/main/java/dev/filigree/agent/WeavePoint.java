package dev.filigree.agent;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The methods of DJL that are woven by name. */
enum WeavePoint {
  FORWARD(
      "ai/djl/nn/AbstractBaseBlock",
      "forward",
      "(Lai/djl/training/ParameterStore;Lai/djl/ndarray/NDList;ZLai/djl/util/PairList;)Lai/djl/ndarray/NDList;",
      "ForwardAdvice"),
  STEP("ai/djl/training/Trainer", "step", "()V", "StepAdvice"),
  TRAINER_CREATED(
      "ai/djl/training/Trainer",
      "<init>",
      "(Lai/djl/Model;Lai/djl/training/TrainingConfig;)V",
      "TrainerCreatedAdvice"),
  TRAINER_INITIALIZED(
      "ai/djl/training/Trainer",
      "initialize",
      "([Lai/djl/ndarray/types/Shape;)V",
      "TrainerInitializedAdvice"),
  COLLECTOR(
      "ai/djl/training/Trainer",
      "newGradientCollector",
      "()Lai/djl/training/GradientCollector;",
      "CollectorAdvice"),
  TRAINER_CLOSING("ai/djl/training/Trainer", "close", "()V", "TrainerClosingAdvice"),
  FIT(
      "ai/djl/training/EasyTrain",
      "fit",
      "(Lai/djl/training/Trainer;ILai/djl/training/dataset/Dataset;Lai/djl/training/dataset/Dataset;)V",
      "FitAdvice"),
  BLOCK_SET("ai/djl/BaseModel", "setBlock", "(Lai/djl/nn/Block;)V", "BlockSetAdvice"),
  MODEL_SAVED(
      "ai/djl/BaseModel", "save", "(Ljava/nio/file/Path;Ljava/lang/String;)V", "ModelSavedAdvice"),
  MODEL_CLOSING("ai/djl/BaseModel", "close", "()V", "ModelClosingAdvice"),
  PREDICTOR_CREATED(
      "ai/djl/inference/Predictor",
      "<init>",
      "(Lai/djl/Model;Lai/djl/translate/Translator;Lai/djl/Device;Z)V",
      "PredictorCreatedAdvice");

  /** Internal name of the class whose loader tells one DJL from another. */
  static final String DJL = "ai/djl/nn/AbstractBaseBlock";

  /** Descriptor of forward with labels, which is woven wherever it is declared. */
  static final String LABELS_DESCRIPTOR =
      "(Lai/djl/training/ParameterStore;Lai/djl/ndarray/NDList;Lai/djl/ndarray/NDList;Lai/djl/util/PairList;)Lai/djl/ndarray/NDList;";

  private static final Set<String> OWNERS =
      Arrays.stream(values()).map(p -> p.owner).collect(Collectors.toUnmodifiableSet());

  final String owner;
  final String method;
  final String descriptor;
  final String advice;

  WeavePoint(String owner, String method, String descriptor, String advice) {
    this.owner = owner;
    this.method = method;
    this.descriptor = descriptor;
    this.advice = advice;
  }

  /** Whether a class, by its internal name, has such methods. */
  static boolean in(String internalName) {
    return OWNERS.contains(internalName);
  }

  /** The points of one class. */
  static List<WeavePoint> of(String internalName) {
    return Arrays.stream(values()).filter(p -> p.owner.equals(internalName)).toList();
  }
}
