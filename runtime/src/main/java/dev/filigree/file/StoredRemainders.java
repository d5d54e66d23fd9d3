package dev.filigree.file;

import dev.filigree.pack.Remainder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What R-Sparse has beside the weights of a layer, as tensors: behind a name {@code .norms}
 * [inputs], and where the rank is above 0 {@code .in} [rank, inputs] and {@code .out} [outputs,
 * rank]. All is float32, so that it serves weights of any type as it did when it was found. How
 * many inputs are kept is no tensor.
 */
public final class StoredRemainders {
  private static final String PREFIX = "filigree.remainder.";
  private static final String NORMS = ".norms";
  private static final String IN = ".in";
  private static final String OUT = ".out";

  private StoredRemainders() {}

  /** Whether a tensor is no weight, but a mask or a part of a remainder beside one. */
  public static boolean isBeside(String name) {
    return StoredMasks.isMask(name) || name.startsWith(PREFIX);
  }

  /** The name under which the remainder of a weight is stored where the weight is in that file. */
  public static String nameFor(String weight) {
    return PREFIX + weight;
  }

  /** The tensors of a remainder, behind that name. */
  public static List<Tensor> tensors(String name, Remainder r) {
    List<Tensor> out = new ArrayList<>();
    out.add(tensor(name + NORMS, r.norms(), r.inputs()));
    if (r.rank() > 0) {
      out.add(tensor(name + IN, r.in(), r.rank(), r.inputs()));
      out.add(tensor(name + OUT, r.out(), r.out().length / r.rank(), r.rank()));
    }
    return out;
  }

  private static Tensor tensor(String name, float[] values, long... shape) {
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length);
    bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    return Tensor.of(name, DType.F32, shape, bytes);
  }

  /** A tensor that is missing, of another shape or type, or not finite. */
  public static final class BrokenException extends Exception {
    private static final long serialVersionUID = 1;

    BrokenException(String tensor) {
      super(tensor);
    }

    /** The name of the tensor. */
    public String tensor() {
      return getMessage();
    }
  }

  /**
   * Reads a remainder.
   *
   * @param tensors finds a tensor by name
   * @param name as {@link #tensors} had it
   * @param outputs of the layer
   * @param inputs of the layer
   * @param kept inputs that are to be kept, of a token
   * @throws BrokenException where a tensor is missing or not as it must be
   */
  public static Remainder read(
      Function<String, Optional<Tensor>> tensors, String name, int outputs, int inputs, int kept)
      throws BrokenException {
    Tensor in = tensors.apply(name + IN).orElse(null);
    long rows = in == null ? 0 : in.shape().length == 2 ? in.shape()[0] : Long.MAX_VALUE;
    // Either both factors are there or neither is.
    if (rows > Math.min(inputs, outputs)
        || (rows > 0) != (in != null)
        || (in == null && tensors.apply(name + OUT).isPresent())) {
      throw new BrokenException(name + IN);
    }
    int rank = (int) rows;
    return new Remainder(
        values(tensors, name + NORMS, inputs),
        kept,
        rank,
        rank == 0 ? new float[0] : values(tensors, name + IN, rank, inputs),
        rank == 0 ? new float[0] : values(tensors, name + OUT, outputs, rank));
  }

  private static float[] values(
      Function<String, Optional<Tensor>> tensors, String name, long... shape)
      throws BrokenException {
    Tensor tensor = tensors.apply(name).orElse(null);
    if (tensor == null || tensor.dtype() != DType.F32 || !Arrays.equals(tensor.shape(), shape)) {
      throw new BrokenException(name);
    }
    float[] out = new float[Math.toIntExact(tensor.bytes() / Float.BYTES)];
    FloatTensor.of(tensor).read(0, FloatBuffer.wrap(out));
    for (float v : out) {
      if (!Float.isFinite(v)) {
        throw new BrokenException(name);
      }
    }
    return out;
  }
}
