package dev.filigree.kernel;

/** A function applied to every output of a layer. */
public enum Activation {
  /** f(x) = x. */
  NONE {
    @Override
    public double of(double x) {
      return x;
    }
  },

  /** SiLU, also called swish: f(x) = x / (1 + exp(-x)). */
  SILU {
    @Override
    public double of(double x) {
      return x / (1 + Math.exp(-x));
    }
  },

  /** f(x) = max(x, 0). */
  RELU {
    @Override
    public double of(double x) {
      return Math.max(x, 0.0);
    }
  },

  /**
   * GELU by its definition, f(x) = x (1 + erf(x / sqrt 2)) / 2, and not the approximation with
   * tanh.
   */
  GELU {
    @Override
    public double of(double x) {
      return x * Erf.complement(-x * Math.sqrt(0.5)) / 2;
    }
  };

  /** The definition, in double; minus infinity gives NaN for SILU and GELU, as IEEE 754 does. */
  public abstract double of(double x);
}
