package dev.filigree.kernel;

/**
 * The definition of every product: plain loops in the order of the inputs, sums in double, rounded
 * once to float at the end.
 *
 * <p>In the sparse formats a removed weight does not multiply; in the dense formats every stored
 * weight does, zeros included.
 */
public final class ReferenceKernels implements Kernels {
  private final DenseKernels dense = new ReferenceDense();
  private final ColumnsKernels columns = new ReferenceColumns();
  private final BitmapKernels bitmap = new ReferenceBitmap();
  private final CsrKernels csr = new ReferenceCsr();
  private final SellKernels sell = new ReferenceSell();
  private final ActivationKernels activations = new ReferenceActivations();
  private final AttentionKernels attention = new ReferenceAttention();
  private final StripKernels strips = new ReferenceStrips();
  private final GramKernels gram = new ReferenceGram();

  @Override
  public String name() {
    return "reference, double sums";
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
