package dev.filigree.decoder.store;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.BlockActivation;
import dev.filigree.decoder.serve.InputChoice;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * One block of {@code thresholds.json} where blocks say for themselves what they skip.
 *
 * @param inputs by projection
 * @param gates as {@link BlockActivation#gates}
 * @param planned as {@link BlockActivation#planned}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record StoredBlock(List<Input> inputs, float[] gates, double planned) {

  /** {@link InputChoice} with its kind in lower case. */
  record Input(String kind, double sparsity, float threshold) {}

  static StoredBlock of(BlockActivation block) {
    List<Input> inputs = new ArrayList<>();
    for (InputChoice c : block.inputs()) {
      inputs.add(new Input(label(c.kind()), c.sparsity(), c.threshold()));
    }
    return new StoredBlock(inputs, block.gates(), block.planned());
  }

  /** The block, where it is one of that model. */
  Optional<BlockActivation> block(DecoderConfig config) {
    boolean right =
        inputs != null
            && inputs.size() == Projection.values().length
            && gates != null
            && (gates.length <= 1 || gates.length == config.hidden())
            && isShare(planned);
    for (int i = 0; right && i < gates.length; i++) {
      right = Float.isFinite(gates[i]);
    }
    List<InputChoice> choices = new ArrayList<>();
    for (int i = 0; right && i < inputs.size(); i++) {
      Optional<InputChoice> choice = choice(inputs.get(i));
      right = choice.isPresent();
      choice.ifPresent(choices::add);
    }
    return right
        ? Optional.of(new BlockActivation(List.copyOf(choices), gates, planned))
        : Optional.empty();
  }

  private static Optional<InputChoice> choice(Input input) {
    if (input == null || !isShare(input.sparsity) || !Float.isFinite(input.threshold)) {
      return Optional.empty();
    }
    for (InputChoice.Kind kind : InputChoice.Kind.values()) {
      if (label(kind).equals(input.kind)) {
        return Optional.of(new InputChoice(kind, input.sparsity, input.threshold));
      }
    }
    return Optional.empty();
  }

  private static boolean isShare(double s) {
    return s >= 0 && s < 1;
  }

  private static String label(InputChoice.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }
}
