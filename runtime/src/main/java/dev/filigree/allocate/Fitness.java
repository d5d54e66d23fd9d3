package dev.filigree.allocate;

/** Says how good a candidate is on data the search may see. */
@FunctionalInterface
public interface Fitness {

  /**
   * @param candidate what to try
   * @param share of the search data to look at, above 0 to 1; the same share means the same data
   * @return lower is better; not NaN
   */
  double of(Allocation candidate, double share);
}
