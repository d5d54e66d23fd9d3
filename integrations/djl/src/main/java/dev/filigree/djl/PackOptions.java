package dev.filigree.djl;

import ai.djl.training.dataset.Dataset;
import dev.filigree.djl.prune.Samples;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;
import java.util.List;
import java.util.Optional;

/**
 * How {@link Filigree#pack} chooses what each layer runs on.
 *
 * @param batchSizes rows per forward the model will see, each at least 1; the gate measures each
 * @param mode measure, or always one way
 * @param memory how many packed forms one weight may have
 * @param precision what weights may be stored and multiplied in
 * @param cache whether earlier measurements on this machine count
 * @param modelInput inputs of the whole model, to time it from end to end; where it is absent and
 *     the model says what shapes it takes, normal numbers are used
 * @param calibration inputs for layers that declare {@code criterion = WANDA} or {@code SPARSEGPT}
 *     and were not pruned yet
 */
public record PackOptions(
    List<Integer> batchSizes,
    Mode mode,
    Memory memory,
    Precision precision,
    Cache cache,
    Optional<ModelInput> modelInput,
    Optional<Samples> calibration) {

  /** What pack does with each layer. */
  public enum Mode {
    /** Measure packed against dense on this machine and keep whichever is faster. */
    AUTO,
    /** Packed wherever a packed form exists, measured or not. */
    ALWAYS_SPARSE,
    /** Filigree's own dense kernels without any sparsity: the honest baseline. */
    DENSE
  }

  /** How many packed forms one weight may have. */
  public enum Memory {
    /** One, the best over all batch sizes. */
    SMALL,
    /** One for every batch size where that is faster. */
    SPEED
  }

  /** What weights may be stored and multiplied in. */
  public enum Precision {
    /** Single precision only: results are those of the dense layer but for the order of sums. */
    F32,
    /**
     * Bfloat16 as well, where that is faster: a weight is rounded to 8 significant bits, so an
     * output is off by at most 2^-8 of the sum of the absolute values of its terms.
     */
    BF16
  }

  /** Whether earlier measurements on this machine count. */
  public enum Cache {
    /** The file that {@link Setting#GATE_CACHE} names is read and written. */
    ON,
    /** Everything is measured now, and nothing is kept. */
    OFF
  }

  public PackOptions {
    batchSizes = List.copyOf(batchSizes);
    for (int batch : batchSizes) {
      if (batch < 1) {
        throw new FiligreeException(Message.FIL_0304, batch);
      }
    }
  }

  /** With what {@link Setting#MEMORY} and {@link Setting#PRECISION} say. */
  public PackOptions(List<Integer> batchSizes, Mode mode) {
    this(
        batchSizes,
        mode,
        Setting.MEMORY.get().equals("speed") ? Memory.SPEED : Memory.SMALL,
        Setting.PRECISION.get().equals("bf16") ? Precision.BF16 : Precision.F32,
        Cache.ON,
        Optional.empty(),
        Optional.empty());
  }

  /** Measured, for batch sizes 1 and 64. */
  public static PackOptions defaults() {
    return new PackOptions(List.of(1, 64), Mode.AUTO);
  }

  /** The same batch sizes with another mode. */
  public PackOptions withMode(Mode other) {
    return new PackOptions(batchSizes, other, memory, precision, cache, modelInput, calibration);
  }

  /** The same with another number of forms. */
  public PackOptions withMemory(Memory other) {
    return new PackOptions(batchSizes, mode, other, precision, cache, modelInput, calibration);
  }

  /** The same with another precision. */
  public PackOptions withPrecision(Precision other) {
    return new PackOptions(batchSizes, mode, memory, other, cache, modelInput, calibration);
  }

  /** The same with or without earlier measurements. */
  public PackOptions withCache(Cache other) {
    return new PackOptions(batchSizes, mode, memory, precision, other, modelInput, calibration);
  }

  /** The same with inputs of the whole model. */
  public PackOptions withModelInput(ModelInput input) {
    return new PackOptions(
        batchSizes, mode, memory, precision, cache, Optional.of(input), calibration);
  }

  /** The same with calibration data, not sampled at random. */
  public PackOptions calibration(Dataset dataset) {
    return calibration(Samples.of(dataset));
  }

  /** The same with calibration data. */
  public PackOptions calibration(Samples data) {
    return new PackOptions(
        batchSizes, mode, memory, precision, cache, modelInput, Optional.of(data));
  }
}
