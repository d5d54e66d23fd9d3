package dev.filigree.kernel;

/** The definition: three loops. */
final class ReferenceGram implements GramKernels {

  @Override
  public void add(TokenBlock x, int jFrom, int jTo, int iFrom, int iTo, double[][] c) {
    double[] values = x.values();
    for (int j = jFrom; j < jTo; j++) {
      for (int i = iFrom; i < Math.min(iTo, j + 1); i++) {
        for (int t = 0; t < x.tokens(); t++) {
          int row = t * TokenBlock.GROUP;
          c[j][i] += values[x.at(j) + row] * values[x.at(i) + row];
        }
      }
    }
  }
}
