package dev.filigree.hosts;

import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import dev.filigree.annotations.Sparse;

/** Not a Block itself: holds one by a house annotation and makes another. */
public class Owner {
  @TwoFour final Block held = Linear.builder().setUnits(8).build();

  /** A factory. */
  @Sparse(sparsity = 0.9)
  public static Block make() {
    return Linear.builder().setUnits(4).build();
  }

  /** Not annotated. */
  public static Block plain() {
    return Linear.builder().setUnits(4).build();
  }
}
