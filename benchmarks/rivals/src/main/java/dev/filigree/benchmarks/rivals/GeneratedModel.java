package dev.filigree.benchmarks.rivals;

import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.RopeLayout;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The model everybody runs. */
final class GeneratedModel {
  /** A shape that takes no time; its widths are multiples of what every contestant asks for. */
  static final String SMALL = "small";

  private GeneratedModel() {}

  /** A shape of {@link RandomModel}, or {@link #SMALL}. */
  static RandomModel of(String shape) {
    return shape.equals(SMALL)
        ? new RandomModel(small(), /* seed= */ 0)
        : RandomModel.of(shape, /* seed= */ 0);
  }

  private static DecoderConfig small() {
    return new DecoderConfig(
        /* dim= */ 512,
        /* hidden= */ 1024,
        /* layers= */ 2,
        /* heads= */ 8,
        /* kvHeads= */ 4,
        /* headDim= */ 64,
        /* vocab= */ 1024,
        /* context= */ 512,
        /* normEpsilon= */ 1e-5,
        /* ropeBase= */ 10_000,
        RopeLayout.HALF_SPLIT,
        Optional.empty(),
        OptionalInt.empty(),
        /* qkvBias= */ false,
        /* outputBias= */ false,
        /* tiedHead= */ false,
        /* bos= */ Vocabulary.BOS,
        List.of());
  }
}
