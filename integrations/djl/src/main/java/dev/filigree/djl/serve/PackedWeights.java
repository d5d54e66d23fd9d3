package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import dev.filigree.djl.bind.Binding;
import dev.filigree.kernel.AlignedMemory;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The stored forms of one Linear's weight and which of them serves which number of rows. Immutable.
 */
public final class PackedWeights {
  private final TreeMap<Integer, WeightForm> byBatch;
  private final ByteBuffer bias;
  private final WeightSource source;
  private final int rows;
  private final int cols;

  /**
   * @param binding the layer, with its parameters as they were packed
   * @param byBatch for each measured number of rows the form that serves it, or null for DJL's
   *     dense layer
   * @param rows outputs
   * @param cols inputs
   */
  public PackedWeights(Binding binding, Map<Integer, WeightForm> byBatch, int rows, int cols) {
    this.byBatch = new TreeMap<>(byBatch);
    this.bias =
        binding.bias().filter(Parameter::isInitialized).map(p -> copy(p.getArray())).orElse(null);
    this.source = WeightSource.of(binding);
    this.rows = rows;
    this.cols = cols;
  }

  private PackedWeights(PackedWeights other, Map<Integer, WeightForm> byBatch) {
    this.byBatch = new TreeMap<>(byBatch);
    this.bias = other.bias;
    this.source = other.source;
    this.rows = other.rows;
    this.cols = other.cols;
  }

  /** The same, but DJL's dense layer serves that number of rows. */
  public PackedWeights denseAt(int batch) {
    Map<Integer, WeightForm> left = new TreeMap<>(byBatch);
    left.put(batch, null);
    return new PackedWeights(this, left);
  }

  private static ByteBuffer copy(NDArray array) {
    ByteBuffer from = Arrays32.buffer(array);
    ByteBuffer to = AlignedMemory.allocate(from.remaining());
    to.put(0, from, 0, from.remaining());
    return to;
  }

  /**
   * The form for that many rows: that of the nearest measured number, by ratio. Null for DJL's
   * dense layer.
   */
  public WeightForm forBatch(int batch) {
    Map.Entry<Integer, WeightForm> below = byBatch.floorEntry(batch);
    Map.Entry<Integer, WeightForm> above = byBatch.ceilingEntry(batch);
    if (below == null || above == null) {
      return (below == null ? above : below).getValue();
    }
    boolean nearBelow = (long) batch * batch <= (long) below.getKey() * above.getKey();
    return (nearBelow ? below : above).getValue();
  }

  /** The distinct forms held. */
  public Collection<WeightForm> forms() {
    LinkedHashSet<WeightForm> out = new LinkedHashSet<>(byBatch.values());
    out.remove(null);
    return out;
  }

  /** For each measured number of rows, what serves it. */
  public Map<Integer, WeightForm> byBatch() {
    return byBatch;
  }

  /**
   * Frees what the garbage collector would not see in time: libtorch's memory. Packed matrices are
   * left to it, because other threads may have begun to use them.
   *
   * @param successor what serves the layer from now on, which may hold some of the same forms; or
   *     null
   */
  public void release(PackedWeights successor) {
    Collection<WeightForm> kept = successor == null ? Set.of() : successor.forms();
    for (WeightForm form : forms()) {
      if (form instanceof WeightForm.Torch && !kept.contains(form)) {
        form.close();
      }
    }
  }

  int rows() {
    return rows;
  }

  int cols() {
    return cols;
  }

  ByteBuffer bias() {
    return bias;
  }

  WeightSource source() {
    return source;
  }
}
