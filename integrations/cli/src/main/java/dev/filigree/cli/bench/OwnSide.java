package dev.filigree.cli.bench;

import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;
import java.util.List;

/** The operation through our own kernels. */
abstract class OwnSide extends Side {

  OwnSide(String label, int copies, long bytes, List<NDArray> inputs) {
    super(label, copies, bytes, inputs);
  }

  /** The share of the stored weights that one call needs. */
  abstract double shareRead();

  /** Writes every matrix [rows][cols] as it is stored, one behind the other, float32. */
  abstract void unpack(ByteBuffer all);
}
