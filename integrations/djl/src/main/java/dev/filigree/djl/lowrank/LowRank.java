package dev.filigree.djl.lowrank;

import java.nio.FloatBuffer;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * The best approximations of a matrix by lower rank, the truncated singular value decomposition W_r
 * = U_r S_r V_r^T (Eckart, Young 1936). It comes from the eigenvectors of the smaller one of W^T W
 * and W W^T, which are V or U: W_r = (W V_r) V_r^T = U_r (U_r^T W).
 */
public final class LowRank {
  private final DMatrixRMaj w;
  private final boolean byInputs;
  // Eigenvectors in rows, those of the largest singular values first.
  private final DMatrixRMaj basis;
  // Row k is s_k v_k^T.
  private final DMatrixRMaj scaled;

  /**
   * @param weights [outputs][inputs] from index 0, finite
   */
  public LowRank(FloatBuffer weights, int outputs, int inputs) {
    w = new DMatrixRMaj(outputs, inputs);
    for (int i = 0; i < w.data.length; i++) {
      w.data[i] = weights.get(i);
    }
    byInputs = inputs <= outputs;
    int n = Math.min(inputs, outputs);
    DMatrixRMaj gram = new DMatrixRMaj(n, n);
    if (byInputs) {
      CommonOps_DDRM.multTransA(w, w, gram);
    } else {
      CommonOps_DDRM.multTransB(w, w, gram);
    }
    EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(n, true, true);
    if (!eigen.decompose(gram)) {
      throw new IllegalStateException("no eigenvectors of a matrix of " + n + " rows were found");
    }
    int[] order =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(k -> -eigen.getEigenvalue(k).getReal()))
            .mapToInt(k -> k)
            .toArray();
    basis = new DMatrixRMaj(n, n);
    for (int k = 0; k < n; k++) {
      System.arraycopy(eigen.getEigenVector(order[k]).data, 0, basis.data, k * n, n);
    }
    scaled = new DMatrixRMaj(n, inputs);
    if (byInputs) {
      for (int k = 0; k < n; k++) {
        // Rounding can leave a zero slightly negative.
        double s = Math.sqrt(Math.max(0, eigen.getEigenvalue(order[k]).getReal()));
        for (int i = 0; i < inputs; i++) {
          scaled.data[k * inputs + i] = s * basis.data[k * n + i];
        }
      }
    } else {
      CommonOps_DDRM.mult(basis, w, scaled);
    }
  }

  /** How many outputs W has. */
  public int outputs() {
    return w.numRows;
  }

  /** How many inputs W has. */
  public int inputs() {
    return w.numCols;
  }

  /** The largest rank. */
  public int most() {
    return basis.numRows;
  }

  /**
   * ||(W - W_r) z||^2, summed over columns.
   *
   * @param z [inputs][columns]
   */
  public double error(int rank, double[] z, int columns) {
    if (rank == most()) {
      return 0;
    }
    DMatrixRMaj rest = new DMatrixRMaj(most() - rank, scaled.numCols);
    System.arraycopy(scaled.data, rank * scaled.numCols, rest.data, 0, rest.data.length);
    DMatrixRMaj y = new DMatrixRMaj(rest.numRows, columns);
    CommonOps_DDRM.mult(rest, DMatrixRMaj.wrap(w.numCols, columns, z), y);
    double sum = 0;
    for (double v : y.data) {
      sum += v * v;
    }
    return sum;
  }

  /**
   * W_r = B A. The columns of B have length 1, so that rounding it harms none of them.
   *
   * @param in A, [rank][inputs]
   * @param out B, [outputs][rank]
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Factors(float[] in, float[] out) {}

  /** The factors of a rank from 0 to {@link #most}. */
  public Factors factors(int rank) {
    DMatrixRMaj first = new DMatrixRMaj(rank, basis.numCols);
    System.arraycopy(basis.data, 0, first.data, 0, first.data.length);
    DMatrixRMaj columns = new DMatrixRMaj(w.numRows, rank);
    if (!byInputs) {
      CommonOps_DDRM.transpose(first, columns);
    } else if (rank > 0) {
      CommonOps_DDRM.multTransB(w, first, columns);
    }
    float[] in = new float[rank * w.numCols];
    float[] out = new float[w.numRows * rank];
    for (int k = 0; k < rank; k++) {
      double length = byInputs ? length(columns, k) : 1;
      DMatrixRMaj row = byInputs ? basis : scaled;
      for (int i = 0; i < w.numCols; i++) {
        in[k * w.numCols + i] = (float) (length * row.data[k * w.numCols + i]);
      }
      for (int r = 0; r < w.numRows && length > 0; r++) {
        out[r * rank + k] = (float) (columns.data[r * rank + k] / length);
      }
    }
    return new Factors(in, out);
  }

  private static double length(DMatrixRMaj of, int column) {
    double squares = 0;
    for (int r = 0; r < of.numRows; r++) {
      double v = of.data[r * of.numCols + column];
      squares += v * v;
    }
    return Math.sqrt(squares);
  }
}
