package dev.filigree.kernel;

/**
 * Plain Java loops for every JDK from 17 on: float sums in four or more independent chains (so the
 * processor need not wait for one addition before the next), no vector API.
 */
final class PlainKernels implements Kernels {
  private final DenseKernels dense = new PlainDense();
  private final ColumnsKernels columns = new PlainColumns();
  private final BitmapKernels bitmap = new PlainBitmap();
  private final CsrKernels csr = new PlainCsr();
  private final SellKernels sell = new PlainSell();
  private final ActivationKernels activations = new PlainActivations();
  private final AttentionKernels attention = new PlainAttention();
  private final StripKernels strips = new PlainStrips();
  private final GramKernels gram = new PlainGram();

  @Override
  public String name() {
    return "plain Java loops";
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
