package dev.filigree.djl.lowrank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.SingularOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.SingularValueDecomposition_F64;
import org.junit.jupiter.api.Test;

/** Against the singular value decomposition itself. */
class LowRankTest {

  private static float[] gaussian(Random random, int n) {
    float[] out = new float[n];
    for (int i = 0; i < n; i++) {
      out[i] = (float) random.nextGaussian();
    }
    return out;
  }

  /** The largest first. */
  private static double[] singularValues(float[] w, int outputs, int inputs) {
    DMatrixRMaj m = new DMatrixRMaj(outputs, inputs);
    for (int i = 0; i < w.length; i++) {
      m.data[i] = w[i];
    }
    SingularValueDecomposition_F64<DMatrixRMaj> svd =
        DecompositionFactory_DDRM.svd(outputs, inputs, false, false, true);
    assertThat(svd.decompose(m)).isTrue();
    double[] s = svd.getSingularValues();
    int n = Math.min(outputs, inputs);
    SingularOps_DDRM.descendingOrder(null, false, s, n, null, false);
    return Arrays.copyOf(s, n);
  }

  private static double[] identity(int n) {
    double[] z = new double[n * n];
    for (int i = 0; i < n; i++) {
      z[i * n + i] = 1;
    }
    return z;
  }

  /** Eckart and Young: the squared error of rank r is the sum of the other singular values'. */
  @Test
  void everyRankHasTheSmallestErrorThereIs() {
    long seed = new Random().nextInt(1_000_000);
    for (int draw = 0; draw < 20; draw++, seed++) {
      System.out.println("low rank, seed " + seed);
      Random random = new Random(seed);
      int outputs = 1 + random.nextInt(24);
      int inputs = 1 + random.nextInt(24);
      float[] w = gaussian(random, outputs * inputs);
      LowRank matrix = new LowRank(FloatBuffer.wrap(w), outputs, inputs);
      assertThat(matrix.outputs()).isEqualTo(outputs);
      assertThat(matrix.inputs()).isEqualTo(inputs);
      assertThat(matrix.most()).isEqualTo(Math.min(outputs, inputs));
      double[] s = singularValues(w, outputs, inputs);
      double all = Arrays.stream(s).map(v -> v * v).sum();
      for (int rank = 0; rank <= matrix.most(); rank++) {
        double left = Arrays.stream(s).skip(rank).map(v -> v * v).sum();
        assertThat(matrix.error(rank, identity(inputs), inputs))
            .as("seed %s, rank %s", seed, rank)
            .isCloseTo(left, within(1e-9 * all));
        LowRank.Factors f = matrix.factors(rank);
        assertThat(f.in()).hasSize(rank * inputs);
        assertThat(f.out()).hasSize(outputs * rank);
        assertThat(distance(w, f, rank, outputs, inputs))
            .as("seed %s, factors of rank %s", seed, rank)
            .isCloseTo(left, within(1e-5 * all));
      }
    }
  }

  /** ||W - B A||^2. */
  private static double distance(float[] w, LowRank.Factors f, int rank, int outputs, int inputs) {
    double sum = 0;
    for (int r = 0; r < outputs; r++) {
      for (int i = 0; i < inputs; i++) {
        double v = w[r * inputs + i];
        for (int k = 0; k < rank; k++) {
          v -= (double) f.out()[r * rank + k] * f.in()[k * inputs + i];
        }
        sum += v * v;
      }
    }
    return sum;
  }

  /** Rounding B to a shorter type then harms none of its columns more than the others. */
  @Test
  void columnsOfTheOuterFactorHaveLengthOne() {
    for (int[] shape : new int[][] {{9, 5}, {5, 9}}) {
      float[] w = gaussian(new Random(3), 45);
      LowRank.Factors f = new LowRank(FloatBuffer.wrap(w), shape[0], shape[1]).factors(4);
      for (int k = 0; k < 4; k++) {
        double squares = 0;
        for (int r = 0; r < shape[0]; r++) {
          squares += Math.pow(f.out()[r * 4 + k], 2);
        }
        assertThat(squares).isCloseTo(1, within(1e-5));
      }
    }
  }

  @Test
  void aMatrixOfRankOneIsItsFirstFactors() {
    float[] w = new float[7 * 11];
    for (int i = 0; i < w.length; i++) {
      w[i] = (1 + i / 11) * (i % 11 - 4);
    }
    LowRank matrix = new LowRank(FloatBuffer.wrap(w), 7, 11);
    assertThat(distance(w, matrix.factors(1), 1, 7, 11)).isLessThan(1e-6);
    assertThat(
            distance(
                new float[77], new LowRank(FloatBuffer.allocate(77), 7, 11).factors(2), 2, 7, 11))
        .as("of zeros")
        .isZero();
  }
}
