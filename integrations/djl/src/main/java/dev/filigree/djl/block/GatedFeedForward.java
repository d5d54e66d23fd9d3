package dev.filigree.djl.block;

import ai.djl.nn.Block;
import dev.filigree.kernel.Activation;

/**
 * A block whose forward at inference is exactly down(f(gate(x)) * up(x)) for one input x, and
 * nothing else: no normalisation, no residual. Where its three layers are plain {@code Linear} and
 * inputs or gates are sparse, {@code Filigree.pack} answers the whole block in one call.
 *
 * <pre>{@code
 * @ActivationSparse(sparsity = 0.5, method = CATS, gate = "w1", up = "w3", down = "w2")
 * final class FeedForward extends AbstractBlock implements GatedFeedForward { ... }
 * }</pre>
 *
 * <p>What the block says is checked once, by its own forward, before anything is fused.
 */
public interface GatedFeedForward {

  /** The layer whose outputs go through f; a child of this block, always the same. */
  Block gate();

  /** The layer that is multiplied with the gate. */
  Block up();

  /** The layer that takes the product. */
  Block down();

  /** f; SiLU unless said otherwise. CATS and CHESS are defined for SiLU only, RELU for ReLU. */
  default Activation activation() {
    return Activation.SILU;
  }
}
