package dev.filigree.benchmarks.rivals;

/** Next-token likelihood and choice from logits. */
final class Likelihood {
  private Likelihood() {}

  /** Logits of one position. */
  interface Logits {
    float get(int id);
  }

  /** -log softmax(logits)[target]. */
  static double negativeLog(Logits logits, int vocab, int target) {
    double max = logits.get(best(logits, vocab));
    double sum = 0;
    for (int i = 0; i < vocab; i++) {
      sum += Math.exp(logits.get(i) - max);
    }
    return Math.log(sum) + max - logits.get(target);
  }

  /** The first id of the largest logit. */
  static int best(Logits logits, int vocab) {
    int best = 0;
    for (int i = 1; i < vocab; i++) {
      if (logits.get(i) > logits.get(best)) {
        best = i;
      }
    }
    return best;
  }
}
