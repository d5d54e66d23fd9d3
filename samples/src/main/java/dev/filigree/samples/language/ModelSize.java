package dev.filigree.samples.language;

import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.RopeLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** How large the model is, and how it is trained. */
enum ModelSize {
  /** Below a million parameters: two minutes on two cores. */
  SMALL(128, 384, 4, 4, 512, 128, 16, 600, 3e-3f),
  /** 5 million. */
  MEDIUM(256, 768, 6, 8, 1024, 128, 16, 2000, 1.5e-3f),
  /** 15 million. */
  LARGE(384, 1152, 8, 12, 2048, 256, 8, 4000, 1e-3f);

  private static final int HEAD_DIM = 32;
  private static final int QUERIES_PER_KEY = 2;

  private final int dim;
  private final int hidden;
  private final int layers;
  private final int heads;
  private final int vocab;
  private final int window;
  private final int batch;
  private final int steps;
  private final float rate;

  ModelSize(
      int dim,
      int hidden,
      int layers,
      int heads,
      int vocab,
      int window,
      int batch,
      int steps,
      float rate) {
    this.dim = dim;
    this.hidden = hidden;
    this.layers = layers;
    this.heads = heads;
    this.vocab = vocab;
    this.window = window;
    this.batch = batch;
    this.steps = steps;
    this.rate = rate;
  }

  /** The size of that name in lower case. */
  static Optional<ModelSize> byLabel(String label) {
    return Arrays.stream(values()).filter(s -> s.label().equals(label)).findFirst();
  }

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The shape; texts begin and end with id 0. */
  DecoderConfig config() {
    return new DecoderConfig(
        dim,
        hidden,
        layers,
        heads,
        heads / QUERIES_PER_KEY,
        HEAD_DIM,
        vocab,
        2 * window,
        1e-5,
        10_000,
        RopeLayout.HALF_SPLIT,
        Optional.empty(),
        OptionalInt.empty(),
        false,
        false,
        true,
        BytePairs.END_OF_TEXT,
        List.of(BytePairs.END_OF_TEXT));
  }

  long parameters() {
    return TensorShapes.of(config()).values().stream()
        .mapToLong(shape -> Arrays.stream(shape).reduce(1, (a, b) -> a * b))
        .sum();
  }

  /** Token ids, that of the beginning included. */
  int vocab() {
    return vocab;
  }

  /** Tokens of a training sequence. */
  int window() {
    return window;
  }

  /** Sequences of a step. */
  int batch() {
    return batch;
  }

  /** Optimizer steps unless the user says otherwise. */
  int steps() {
    return steps;
  }

  /** The largest learning rate. */
  float rate() {
    return rate;
  }
}
