package dev.filigree.samples.digits;

import ai.djl.inference.Predictor;
import ai.djl.translate.TranslateException;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;

/** Share of images a predictor classifies correctly. */
final class Accuracy {
  private static final int BATCH = 250;

  private Accuracy() {}

  /** Correct answers as a fraction of all images, 0 to 1; at least one image is needed. */
  static double of(Predictor<float[], float[]> predictor, Digits digits) {
    int correct = 0;
    for (int at = 0; at < digits.size(); at += BATCH) {
      Digits batch = digits.slice(at, Math.min(digits.size(), at + BATCH));
      float[] scores = scores(predictor, batch.floats());
      for (int i = 0; i < batch.size(); i++) {
        if (best(scores, i) == batch.labels()[i]) {
          correct++;
        }
      }
    }
    return correct / (double) digits.size();
  }

  /** All class scores, [images, 10]. */
  static float[] scores(Predictor<float[], float[]> predictor, float[] images) {
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
