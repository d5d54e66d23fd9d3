package dev.filigree.samples.language;

import ai.djl.nn.core.Linear;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.annotations.NMSparse;
import dev.filigree.decoder.block.SwiGlu;
import dev.filigree.decoder.model.DecoderConfig;

/**
 * A feed-forward block that trains with 2 of every 4 weights, and whose hidden units with a small
 * gate are skipped at inference once the model is calibrated.
 */
@ActivationSparse(
    sparsity = 0.5,
    method = ActivationMethod.CATS,
    gate = "gate",
    up = "up",
    down = "down")
@SuppressWarnings("UnusedVariable") // Filigree reads what is declared on the fields
final class SparseSwiGlu extends SwiGlu {
  @NMSparse(n = 2, m = 4)
  private final Linear gate = gate();

  @NMSparse(n = 2, m = 4)
  private final Linear up = up();

  @NMSparse(n = 2, m = 4)
  private final Linear down = down();

  SparseSwiGlu(DecoderConfig config) {
    super(config);
  }
}
