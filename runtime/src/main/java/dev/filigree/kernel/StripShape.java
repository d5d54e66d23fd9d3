package dev.filigree.kernel;

import java.util.Locale;

/** The blocks that the strip formats store, outputs by inputs. */
public enum StripShape {
  /** Four consecutive outputs of one input. */
  STRIP4X1(4, 1),
  /** Sixteen consecutive outputs of one input. */
  STRIP16X1(16, 1),
  /** Sixteen consecutive inputs of one output. */
  STRIP1X16(1, 16);

  private final int outputs;
  private final int inputs;

  StripShape(int outputs, int inputs) {
    this.outputs = outputs;
    this.inputs = inputs;
  }

  /** Outputs of a block. */
  public int outputs() {
    return outputs;
  }

  /** Inputs of a block. */
  public int inputs() {
    return inputs;
  }

  /** Weights of a block. */
  public int size() {
    return outputs * inputs;
  }

  /** The name of the format, for example {@code strip4x1}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
