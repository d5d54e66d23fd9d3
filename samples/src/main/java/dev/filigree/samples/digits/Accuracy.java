package dev.filigree.samples.digits;

import ai.djl.inference.Predictor;
import ai.djl.translate.TranslateException;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;

/** Share of images a predictor classifies correctly. */
final class Accuracy {
  private Accuracy() {}

  /**
   * Correct answers as a fraction of all images, 0 to 1.
   *
   * @param digits at least one
   * @param batch images per call
   */
  static double of(Predictor<float[], float[]> predictor, Digits digits, int batch) {
    return of(scores(predictor, digits, batch), digits);
  }

  /** The same of scores that are there already, [images, 10]. */
  static double of(float[] scores, Digits digits) {
    int correct = 0;
    for (int i = 0; i < digits.size(); i++) {
      correct += best(scores, i) == digits.labels()[i] ? 1 : 0;
    }
    return correct / (double) digits.size();
  }

  /** Class scores of all images, [images, 10], computed {@code batch} images per call. */
  static float[] scores(Predictor<float[], float[]> predictor, Digits digits, int batch) {
    float[] out = new float[digits.size() * Digits.CLASSES];
    for (int at = 0; at < digits.size(); at += batch) {
      Digits some = digits.slice(at, Math.min(digits.size(), at + batch));
      float[] scores = call(predictor, some.floats());
      System.arraycopy(scores, 0, out, at * Digits.CLASSES, scores.length);
    }
    return out;
  }

  /** One call. */
  static float[] call(Predictor<float[], float[]> predictor, float[] images) {
    try {
      return predictor.predict(images);
    } catch (TranslateException e) {
      throw new FiligreeException(e, Message.FIL_0608, "Predictor.predict", e.getMessage());
    }
  }

  private static int best(float[] scores, int image) {
    int best = 0;
    for (int c = 1; c < Digits.CLASSES; c++) {
      if (scores[image * Digits.CLASSES + c] > scores[image * Digits.CLASSES + best]) {
        best = c;
      }
    }
    return best;
  }
}
