package dev.filigree.samples.digits;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;

/** 784-512-256-10 with ReLU, without annotations: small enough to be trained several times. */
final class SmallDigitClassifier {
  private SmallDigitClassifier() {}

  static SequentialBlock block() {
    return new SequentialBlock()
        .addSingleton(x -> x.reshape(new Shape(-1, Digits.PIXELS)))
        .add(Linear.builder().setUnits(512).build())
        .add(Activation::relu)
        .add(Linear.builder().setUnits(256).build())
        .add(Activation::relu)
        .add(Linear.builder().setUnits(Digits.CLASSES).build());
  }
}
