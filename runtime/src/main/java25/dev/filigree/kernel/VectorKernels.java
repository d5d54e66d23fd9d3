package dev.filigree.kernel;

/** All products in vector code; one class per storage format. */
final class VectorKernels implements Kernels {
  private final DenseKernels dense = new VectorDense();
  private final ColumnsKernels columns = new VectorColumns();
  private final BitmapKernels bitmap = new VectorBitmap();
  private final CsrKernels csr = new VectorCsr();
  private final SellKernels sell = new VectorSell();
  private final ActivationKernels activations = new VectorActivations();
  private final AttentionKernels attention = new VectorAttention();
  private final StripKernels strips = new VectorStrips();
  private final GramKernels gram = new VectorGram();

  @Override
  public String name() {
    return "vector, " + VectorConstants.F.vectorBitSize() + " bit";
  }

  @Override
  public DenseKernels dense() {
    return dense;
  }

  @Override
  public ColumnsKernels columns() {
    return columns;
  }

  @Override
  public BitmapKernels bitmap() {
    return bitmap;
  }

  @Override
  public CsrKernels csr() {
    return csr;
  }

  @Override
  public SellKernels sell() {
    return sell;
  }

  @Override
  public ActivationKernels activations() {
    return activations;
  }

  @Override
  public AttentionKernels attention() {
    return attention;
  }

  @Override
  public StripKernels strips() {
    return strips;
  }

  @Override
  public GramKernels gram() {
    return gram;
  }
}
