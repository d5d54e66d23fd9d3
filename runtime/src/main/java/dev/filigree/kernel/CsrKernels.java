package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * Products in the {@linkplain CsrArrays csr} format; see {@link Kernels} for what all have in
 * common.
 */
public interface CsrKernels {

  /**
   * y[r] = bias[r] + sum over the stored weights of row r, in the {@linkplain CsrArrays csr}
   * format.
   */
  void gemv(CsrArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to);

  /**
   * tile[r - from][l] = sum over the stored weights of row r; see {@link DenseKernels#panel} for
   * panel and tile.
   */
  void panel(CsrArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to);
}
