package dev.filigree.pack;

import dev.filigree.kernel.Execution;
import dev.filigree.kernel.Kernels;
import dev.filigree.kernel.Workers;
import java.nio.ByteBuffer;

/**
 * The arguments of one product, as the threads that share it see them. One object per calling
 * thread, used again by its next product, so that a product allocates nothing.
 */
final class Product implements Workers.Range {
  private static final ThreadLocal<Product> LOCAL = ThreadLocal.withInitial(Product::new);

  /**
   * Computes some outputs of a product; captures nothing.
   *
   * @param <A> the stored arrays
   */
  @FunctionalInterface
  interface Part<A> {
    void run(A arrays, Product p, int from, int to);
  }

  Kernels kernels;
  ByteBuffer x;
  ByteBuffer bias;
  ByteBuffer y;

  /** Where the inputs of the activation row begin, in floats. */
  int xAt;

  /** Where the outputs of the activation row begin, in floats. */
  int yAt;

  /** The inputs on the heap, for kernels that pick single ones. */
  float[] inputs;

  /** Whether {@link #inputs} are all finite. */
  boolean finite;

  /** Active inputs or chosen outputs, or null for all. */
  int[] active;

  /** How many of {@link #active} count. */
  int count;

  /** The sums of a product that is split by inputs, or null. */
  InputGroups groups;

  /** Activation rows. */
  int batch;

  /** The output that unit 0 of the job stands for. */
  int first;

  private Execution on;
  private Object arrays;
  private Part<Object> part;

  private Product() {}

  /** The object of this thread with checked arguments; {@link #end} lets go of them. */
  static Product begin(
      Execution on, Object arrays, ByteBuffer x, int batch, ByteBuffer bias, ByteBuffer y) {
    Product p = LOCAL.get();
    p.on = on;
    p.kernels = on.kernels();
    p.arrays = arrays;
    p.x = x;
    p.batch = batch;
    p.bias = bias;
    p.y = y;
    p.xAt = 0;
    p.yAt = 0;
    p.first = 0;
    return p;
  }

  Execution on() {
    return on;
  }

  /**
   * Runs a part over the units 0 to {@code units}; see {@link Workers#run}.
   *
   * @param todo for the arrays this product began with
   */
  @SuppressWarnings("unchecked")
  void split(int units, int multiple, int partsPerThread, long work, Part<?> todo) {
    part = (Part<Object>) todo;
    on.workers().run(units, multiple, partsPerThread, work, this);
  }

  @Override
  public void run(int from, int to) {
    part.run(arrays, this, from, to);
  }

  void end() {
    on = null;
    kernels = null;
    arrays = null;
    x = null;
    bias = null;
    y = null;
    inputs = null;
    active = null;
    groups = null;
    part = null;
  }
}
