package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.Projection;
import java.nio.FloatBuffer;

/** Sees what the projections of a block receive. */
public interface LayerObserver {

  /**
   * The inputs of the projections of a site.
   *
   * @param rows [rows][inputs] from the position to the limit; valid during the call
   */
  void inputs(Projection.Site site, FloatBuffer rows);

  /**
   * What CATS thresholds: SiLU(gate(x)).
   *
   * @param rows [rows][hidden] from the position to the limit; valid during the call
   */
  default void gates(FloatBuffer rows) {}
}
