package dev.filigree.samples.language;

import ai.djl.nn.core.Linear;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.decoder.block.SwiGlu;
import dev.filigree.decoder.model.DecoderConfig;

/**
 * A feed-forward block with ReLU, for a configuration that has it. The factors of ProSparse's
 * regulariser are given on the command line, and so in code.
 */
@ActivationSparse(method = ActivationMethod.RELU, gate = "gate", up = "up", down = "down")
@SuppressWarnings("UnusedVariable") // Filigree reads what the fields hold
final class ReluSwiGlu extends SwiGlu {
  private final Linear gate = gate();
  private final Linear up = up();
  private final Linear down = down();

  ReluSwiGlu(DecoderConfig config) {
    super(config);
  }
}
