package dev.filigree.samples.digits;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Batchifier;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import java.nio.FloatBuffer;

/** Images in, scores out: float[n * 784] with pixels from 0 to 1 to float[n * 10]. */
final class DigitTranslator implements Translator<float[], float[]> {

  @Override
  public NDList processInput(TranslatorContext context, float[] images) {
    Shape shape = new Shape(images.length / Digits.PIXELS, Digits.PIXELS);
    return new NDList(context.getNDManager().create(FloatBuffer.wrap(images), shape));
  }

  @Override
  public float[] processOutput(TranslatorContext context, NDList scores) {
    NDArray all = scores.singletonOrThrow();
    return all.toFloatArray();
  }

  /** None: one call already is one batch. */
  @Override
  public Batchifier getBatchifier() {
    return null;
  }
}
