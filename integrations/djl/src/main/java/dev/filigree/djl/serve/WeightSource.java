package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import dev.filigree.djl.bind.Binding;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The parameters a layer was packed from: packed weights are served only while these are the same
 * arrays with the same content.
 *
 * <p>A load, {@code setArray} or {@code clear} changes the array's identity, which every forward
 * checks. An edit in place is caught by a checksum: the whole when a predictor is made, a sample of
 * {@value #SAMPLES} values every so many forwards.
 */
final class WeightSource {
  private static final int SAMPLES = 256;

  private final Parameter weight;
  private final Optional<Parameter> bias;
  private final NDArray weightArray;
  private final NDArray biasArray;
  private final long whole;
  private final long sample;

  private WeightSource(Parameter weight, Optional<Parameter> bias) {
    this.weight = weight;
    this.bias = bias;
    this.weightArray = array(weight);
    this.biasArray = bias.map(WeightSource::array).orElse(null);
    this.whole = whole();
    this.sample = sample();
  }

  /** The state of a Linear's parameters now. */
  static WeightSource of(Binding binding) {
    return new WeightSource(binding.weights().get(0), binding.bias());
  }

  /** Why the parameters are no longer those that were packed, or null. Cheap: identity only. */
  String changed() {
    if (array(weight) != weightArray) {
      return "the weight was replaced";
    }
    if (bias.isPresent() && array(bias.get()) != biasArray) {
      return "the bias was replaced";
    }
    return null;
  }

  /** The same, and a sample of the values. */
  String changedInSample() {
    String why = changed();
    return why != null ? why : sample() == sample ? null : "a value was edited in place";
  }

  /** The same, and all values. */
  String changedAnywhere() {
    String why = changed();
    return why != null ? why : whole() == whole ? null : "a value was edited in place";
  }

  private static NDArray array(Parameter p) {
    return p.isInitialized() ? p.getArray() : null;
  }

  private long whole() {
    CRC32C crc = new CRC32C();
    if (weightArray != null) {
      crc.update(Arrays32.buffer(weightArray));
    }
    if (biasArray != null) {
      crc.update(Arrays32.buffer(biasArray));
    }
    return crc.getValue();
  }

  private long sample() {
    return sample(weightArray) * 31 + sample(biasArray);
  }

  private static long sample(NDArray array) {
    if (array == null) {
      return 0;
    }
    ByteBuffer b = Arrays32.buffer(array);
    int n = b.limit() / 4;
    long hash = n;
    int step = Math.max(1, n / SAMPLES);
    for (int i = 0; i < n; i += step) {
      hash = hash * 1_000_003 + b.getInt(4 * i);
    }
    return hash;
  }
}
