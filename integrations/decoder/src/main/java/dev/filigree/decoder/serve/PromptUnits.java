package dev.filigree.decoder.serve;

import dev.filigree.calibrate.CoreNeurons;
import dev.filigree.pack.GatedFeedForward;
import java.nio.FloatBuffer;

/**
 * The hidden units of one block that tokens after a prompt use. While the prompt runs it looks at
 * what the units are; with the first token after it they are chosen. A further prompt in the same
 * sequence adds to the first one. For one thread.
 */
final class PromptUnits implements GatedFeedForward.HiddenRows {
  private final CoreNeurons neurons;
  private final int remove;
  // Null while a prompt runs.
  private int[] chosen;

  /**
   * @param remove hidden units that are skipped
   */
  PromptUnits(CoreNeurons neurons, int remove) {
    this.neurons = neurons;
    this.remove = remove;
  }

  @Override
  public void accept(FloatBuffer values, int count) {
    neurons.add(values, count);
  }

  /** A prompt begins or goes on. */
  void watch() {
    chosen = null;
  }

  /** The prompt has ended. */
  void choose() {
    if (chosen == null) {
      chosen = neurons.core(remove);
    }
  }

  /** A new sequence begins. */
  void forget() {
    neurons.reset();
    chosen = null;
  }

  /** The units that are used, ascending; null while a prompt runs. */
  int[] chosen() {
    return chosen;
  }
}
