package dev.filigree.kernel;

import java.nio.ByteBuffer;

/** All products in vector code; one class per storage format. */
final class VectorKernels implements Kernels {

  @Override
  public String name() {
    return "vector, " + VectorConstants.F.vectorBitSize() + " bit";
  }

  @Override
  public void denseGemv(
      ByteBuffer w,
      int cols,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    VectorDense.gemv(w, cols, x, xAt, bias, y, yAt, from, to);
  }

  @Override
  public void densePanel(
      ByteBuffer w, int cols, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    VectorDensePanel.multiply(w, cols, panel, lanes, tile, from, to);
  }

  @Override
  public void columnsGemv(
      ByteBuffer w,
      int rows,
      int[] active,
      int count,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    VectorColumns.gemv(w, rows, active, count, x, xAt, bias, y, yAt, from, to);
  }

  @Override
  public void columnsGemm4(
      ByteBuffer w,
      int rows,
      int cols,
      ByteBuffer x,
      int xAt,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    VectorColumns.gemm4(w, rows, cols, x, xAt, bias, y, yAt, from, to);
  }

  @Override
  public void bitmapGemv(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    VectorBitmap.gemv(w, x, finite, bias, y, yAt, from, to);
  }

  @Override
  public void bitmapGemm4(
      BitmapArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    VectorBitmap.gemm4(w, x, finite, bias, y, yAt, from, to);
  }

  @Override
  public void csrGemv(
      CsrArrays w, float[] x, ByteBuffer bias, ByteBuffer y, int yAt, int from, int to) {
    VectorCsr.gemv(w, x, bias, y, yAt, from, to);
  }

  @Override
  public void sellGemv(
      SellArrays w,
      float[] x,
      boolean finite,
      ByteBuffer bias,
      ByteBuffer y,
      int yAt,
      int from,
      int to) {
    VectorSell.gemv(w, x, finite, bias, y, yAt, from, to);
  }

  @Override
  public void csrPanel(CsrArrays w, ByteBuffer panel, int lanes, float[] tile, int from, int to) {
    VectorCsr.panel(w, panel, lanes, tile, from, to);
  }
}
