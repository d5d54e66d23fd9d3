package dev.filigree.djl.block;

import ai.djl.nn.Block;
import java.util.List;

/**
 * A block whose forward at inference gives, for one input x, one output for each of its projections
 * of x, in their order, and nothing else: query, key and value of attention for example. Where all
 * projections are plain {@code Linear} and inputs are skipped, {@code Filigree.pack} answers the
 * whole block in one call on weights that lie side by side.
 *
 * <p>What the block says is checked once, by its own forward, before anything is fused.
 */
public interface SharedInput {

  /** The layers, children of this block, always the same and in the same order. */
  List<Block> projections();
}
