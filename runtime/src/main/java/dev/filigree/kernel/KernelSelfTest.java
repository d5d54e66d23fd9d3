package dev.filigree.kernel;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Random;

/** Compares kernels with the reference on one small matrix that reaches every loop. */
final class KernelSelfTest {
  private static final int ROWS = 37;
  private static final int COLS = 75;
  private static final int LANES = Kernels.MAX_PANEL_LANES;
  private static final double TOLERANCE = 1e-4;

  private final float[] dense = new float[ROWS * COLS];
  private final ByteBuffer weights = AlignedMemory.allocate(4 * ROWS * COLS);
  private final ByteBuffer bias = AlignedMemory.allocate(4 * ROWS);
  private final ByteBuffer inputs = AlignedMemory.allocate(4 * COLS * LANES);
  private final float[] x = new float[4 * COLS];

  private KernelSelfTest() {
    Random random = new Random(1);
    for (int i = 0; i < dense.length; i++) {
      dense[i] = random.nextInt(3) == 0 ? random.nextFloat() - 0.5f : 0f;
      weights.putFloat(4 * i, dense[i]);
    }
    for (int r = 0; r < ROWS; r++) {
      bias.putFloat(4 * r, random.nextFloat());
    }
    for (int i = 0; i < COLS * LANES; i++) {
      inputs.putFloat(4 * i, random.nextFloat() - 0.5f);
    }
    for (int i = 0; i < x.length; i++) {
      x[i] = inputs.getFloat(4 * i);
    }
  }

  /** What is wrong with the kernels, or null. */
  static String failure(Kernels kernels) {
    KernelSelfTest test = new KernelSelfTest();
    Kernels reference = new ReferenceKernels();
    float[] expected = test.run(reference);
    float[] actual = test.run(kernels);
    for (int i = 0; i < expected.length; i++) {
      if (!(Math.abs(expected[i] - actual[i]) <= TOLERANCE)) {
        return "output " + i + " is " + actual[i] + " instead of " + expected[i];
      }
    }
    return null;
  }

  /** Every product of the kernels, one behind the other. */
  private float[] run(Kernels kernels) {
    Outputs out = new Outputs();
    ByteBuffer y = AlignedMemory.allocate(4 * 4 * ROWS);
    for (ValueType type : ValueType.values()) {
      dense(kernels.dense(), DensePacking.pack(weights, ROWS, COLS, type), y, out);
      columns(kernels.columns(), ColumnsPacking.pack(weights, ROWS, COLS, type), y, out);
      sparse(kernels, type, y, out);
    }
    gram(kernels.gram(), out);
    for (Activation f : Activation.values()) {
      y.put(0, inputs, 0, 4 * COLS);
      kernels.activations().apply(f, y, 0, COLS);
      kernels.activations().gate(f, inputs, 0, inputs, COLS, y, COLS, ROWS);
      out.add(y, COLS + ROWS);
    }
    attention(kernels.attention(), out);
    return out.values();
  }

  /** All of the positions, and some in the middle of blocks. */
  private void attention(AttentionKernels kernels, Outputs out) {
    int headDim = COLS;
    int positions = ROWS;
    KeyValueArrays kv = new KeyValueArrays(1, headDim, positions);
    for (int t = 0; t < positions; t++) {
      kv.put(t, dense, t * COLS, (positions - 1 - t) * COLS);
    }
    float[] scores = new float[AttentionKernels.scores(positions)];
    float[] y = new float[headDim];
    for (int first : new int[] {0, 5}) {
      kernels.head(kv, 0, x, 0, first, positions - first, scores, 0, y, 0);
      out.add(y, headDim);
    }
  }

  private void sparse(Kernels kernels, ValueType type, ByteBuffer y, Outputs out) {
    BitmapArrays bitmap = BitmapPacking.pack(weights, ROWS, COLS, type);
    SellArrays sell = SellPacking.pack(weights, ROWS, COLS, type);
    for (boolean finite : new boolean[] {true, false}) {
      kernels.bitmap().gemv(bitmap, x, finite, bias, y, 0, 0, ROWS);
      out.add(y, ROWS);
      kernels.bitmap().gemm4(bitmap, x, finite, bias, y, 0, 0, ROWS);
      out.add(y, 4 * ROWS);
      kernels.sell().gemv(sell, x, finite, bias, y, 0, 0, ROWS);
      out.add(y, ROWS);
    }
    for (StripShape shape : StripShape.values()) {
      strips(kernels.strips(), StripPacking.pack(shape, weights, ROWS, COLS, type), y, out);
    }
    CsrArrays csr = CsrPacking.pack(weights, ROWS, COLS, type);
    kernels.csr().gemv(csr, x, bias, y, 0, 0, ROWS);
    out.add(y, ROWS);
    float[] tile = new float[ROWS * LANES];
    for (int lanes = Kernels.PANEL_LANES; lanes <= LANES; lanes += Kernels.PANEL_LANES) {
      kernels.csr().panel(csr, inputs, lanes, tile, 0, ROWS);
      out.add(tile, ROWS * lanes);
    }
  }

  private void strips(StripKernels kernels, StripArrays w, ByteBuffer y, Outputs out) {
    float[] padded = java.util.Arrays.copyOf(java.util.Arrays.copyOf(x, COLS), COLS + 16);
    kernels.gemv(w, padded, bias, y, 0, 0, ROWS);
    out.add(y, ROWS);
    float[] tile = new float[(ROWS + StripKernels.PANEL_ROWS) * LANES];
    for (int lanes = Kernels.PANEL_LANES; lanes <= LANES; lanes += Kernels.PANEL_LANES) {
      kernels.panel(w, inputs, lanes, tile, 0, ROWS);
      out.add(tile, ROWS * lanes);
    }
  }

  private void dense(DenseKernels kernels, DenseArrays w, ByteBuffer y, Outputs out) {
    kernels.gemv(w, inputs, 0, bias, y, 0, 0, ROWS);
    out.add(y, ROWS);
    int[] outputs = {0, 5, 6, 7, 36};
    kernels.rows(w, outputs, inputs, COLS, bias, y, 0, 0, outputs.length);
    out.add(y, ROWS);
    float[] tile = new float[ROWS * LANES];
    for (int lanes = Kernels.PANEL_LANES; lanes <= LANES; lanes += Kernels.PANEL_LANES) {
      kernels.panel(w, inputs, lanes, tile, 0, ROWS);
      out.add(tile, ROWS * lanes);
    }
  }

  private void columns(ColumnsKernels kernels, ColumnsArrays w, ByteBuffer y, Outputs out) {
    kernels.gemv(w, null, 0, COLS, inputs, 0, bias, y, 0, 0, ROWS);
    out.add(y, ROWS);
    kernels.add(inputs, 0, 2, ROWS, bias, y, 0, 0, ROWS);
    out.add(y, ROWS);
    kernels.gemm4(w, inputs, 0, bias, y, 0, 0, ROWS);
    out.add(y, 4 * ROWS);
    float[] tile = new float[ROWS * LANES];
    for (int lanes = Kernels.PANEL_LANES; lanes <= LANES; lanes += Kernels.PANEL_LANES) {
      kernels.panel(w, inputs, lanes, tile, 0, ROWS);
      out.add(tile, ROWS * lanes);
    }
  }

  private void gram(GramKernels kernels, Outputs out) {
    TokenBlock block = new TokenBlock(COLS, ROWS);
    block.add(FloatBuffer.wrap(dense), 0, ROWS, new Workers(1));
    double[][] gram = new double[COLS][];
    for (int j = 0; j < COLS; j++) {
      gram[j] = new double[j + 1];
    }
    kernels.add(block, 0, COLS, 0, COLS, gram);
    for (double[] row : gram) {
      float[] rounded = new float[row.length];
      for (int i = 0; i < row.length; i++) {
        rounded[i] = (float) row[i];
      }
      out.add(rounded, rounded.length);
    }
  }

  /** Outputs of several products in one array. */
  private static final class Outputs {
    private float[] values = {};

    void add(float[] more, int count) {
      int at = values.length;
      values = java.util.Arrays.copyOf(values, at + count);
      System.arraycopy(more, 0, values, at, count);
    }

    void add(ByteBuffer y, int count) {
      float[] more = new float[count];
      y.asFloatBuffer().get(0, more);
      add(more, count);
    }

    float[] values() {
      return values;
    }
  }
}
