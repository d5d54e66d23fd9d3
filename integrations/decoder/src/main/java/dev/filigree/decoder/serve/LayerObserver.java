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
   * What hidden units are products of.
   *
   * @param gates f(gate(x)), f the activation function of the model,, which CATS and CHESS
   *     threshold, [rows][hidden] from the position to the limit; valid during the call
   * @param ups up(x), the same
   */
  default void units(FloatBuffer gates, FloatBuffer ups) {}
}
