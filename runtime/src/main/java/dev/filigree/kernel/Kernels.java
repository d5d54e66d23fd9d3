package dev.filigree.kernel;

/**
 * Products of one packed weight matrix W [rows = outputs][cols = inputs] with activations.
 *
 * <p>Every method computes the outputs {@code from} (inclusive) to {@code to} (exclusive) and
 * nothing else, so disjoint ranges may run on different threads; the bits of an output do not
 * depend on the range it was computed in. Buffers are direct, in native order, position 0, and hold
 * float32; offsets named {@code xAt} and {@code yAt} count floats. {@code bias} [rows] may be null.
 * Arguments are trusted, the packed matrices check them.
 *
 * <p><b>Zeros.</b> A removed weight does not multiply: in the sparse formats an infinite or NaN
 * input meets only the kept weights of its column. The dense formats (dense, columns) multiply
 * everything they store, as IEEE 754 says.
 *
 * <p><b>Rounding.</b> {@link ReferenceKernels} accumulate in double; all others in float, in an
 * order of their own. On one machine and one vector width results repeat bit for bit.
 */
public interface Kernels {
  /** Outputs in one strip of the bitmap format. */
  int STRIP = 16;

  /** Activation rows of a panel come in multiples of this. */
  int PANEL_LANES = 16;

  /** The largest number of activation rows in one panel. */
  int MAX_PANEL_LANES = 64;

  /** Inputs in one block of the csr format. */
  int CSR_BLOCK = 256;

  /** Inputs in one span of the strip formats. */
  int STRIP_SPAN = 512;

  /** Inputs in one window of the sell format. */
  int WINDOW = 32;

  /** Which kernels these are, for example {@code vector, 512 bit}. */
  String name();

  /** Products of a dense matrix stored by outputs. */
  DenseKernels dense();

  /** Products of a dense matrix stored by inputs. */
  ColumnsKernels columns();

  /** Products in the {@linkplain BitmapArrays bitmap} format. */
  BitmapKernels bitmap();

  /** Products in the {@linkplain CsrArrays csr} format. */
  CsrKernels csr();

  /** Products in the {@linkplain SellArrays sell} format. */
  SellKernels sell();

  /** Activation functions. */
  ActivationKernels activations();

  /** Attention over stored keys and values. */
  AttentionKernels attention();

  /** Products in the {@linkplain StripArrays strip} formats. */
  StripKernels strips();

  /** Sums of X^T X, the same bits everywhere. */
  GramKernels gram();
}
