package dev.filigree.decoder.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.block.GatedFeedForward;

/**
 * The feed-forward block of Llama (Shazeer 2020): down(f(gate(x)) * up(x)), [..., dim] to [...,
 * dim], where f is SiLU or what the configuration says.
 *
 * <p>It is dense. A subclass declares what is sparse, on fields that hold the same layers:
 *
 * <pre>{@code
 * @ActivationSparse(sparsity = 0.5, method = CATS, gate = "gate", up = "up", down = "down")
 * final class SparseSwiGlu extends SwiGlu {
 *   @NMSparse(n = 2, m = 4) private final Linear gate = gate();
 *   @NMSparse(n = 2, m = 4) private final Linear up = up();
 *   @NMSparse(n = 2, m = 4) private final Linear down = down();
 *
 *   SparseSwiGlu(DecoderConfig config) {
 *     super(config);
 *   }
 * }
 *
 * new CausalDecoder(config, SparseSwiGlu::new)
 * }</pre>
 */
public class SwiGlu extends AbstractBlock implements GatedFeedForward {
  private final DecoderConfig c;
  private final Linear gate;
  private final Linear up;
  private final Linear down;

  /** The feed-forward block of a decoder's layer. */
  @SuppressWarnings("this-escape") // children are added as DJL does it
  public SwiGlu(DecoderConfig config) {
    c = config;
    gate = addChildBlock("gate", QkvProjections.linear(config.hidden(), false));
    up = addChildBlock("up", QkvProjections.linear(config.hidden(), false));
    down = addChildBlock("down", QkvProjections.linear(config.dim(), false));
  }

  @Override
  public final Linear gate() {
    return gate;
  }

  @Override
  public final Linear up() {
    return up;
  }

  @Override
  public final Linear down() {
    return down;
  }

  @Override
  public final dev.filigree.kernel.Activation activation() {
    return c.activation();
  }

  @Override
  protected final NDList forwardInternal(
      ParameterStore store, NDList x, boolean training, PairList<String, Object> params) {
    NDArray g = gate.forward(store, x, training).head();
    NDArray u = up.forward(store, x, training).head();
    NDArray hidden = activated(g).mul(u);
    if (training) {
      Filigree.hidden(down, hidden);
    }
    return down.forward(store, new NDList(hidden), training);
  }

  private NDArray activated(NDArray x) {
    return switch (c.activation()) {
      case RELU -> Activation.relu(x);
      case SILU -> x.mul(Activation.sigmoid(x));
      default -> throw new IllegalStateException("the configuration allows no other");
    };
  }

  @Override
  public final Shape[] getOutputShapes(Shape[] inputs) {
    return inputs;
  }

  @Override
  protected final void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    Shape x = inputs[0];
    gate.initialize(manager, type, x);
    up.initialize(manager, type, x);
    down.initialize(manager, type, x.slice(0, x.dimension() - 1).add(c.hidden()));
  }
}
