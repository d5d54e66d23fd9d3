package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * Activation functions over rows of float32; offsets count floats. See {@link Kernels} for what all
 * have in common.
 *
 * <p><b>Error.</b> Against {@link Activation#of} SILU is off by at most 2^-21 of the exact value
 * and GELU by at most 2^-20, plus 2^-140 where results are close to the smallest numbers there are.
 * NONE and RELU are exact. NaN gives NaN.
 */
public interface ActivationKernels {

  /** y[i] = f(y[i]), i from {@code from} to {@code to}. */
  void apply(Activation f, ByteBuffer y, int from, int to);

  /**
   * h[hAt + i] = f(g[gAt + i]) u[uAt + i], i from 0 to {@code count}; h may be g or u at the same
   * place.
   */
  void gate(
      Activation f, ByteBuffer g, int gAt, ByteBuffer u, int uAt, ByteBuffer h, int hAt, int count);
}
