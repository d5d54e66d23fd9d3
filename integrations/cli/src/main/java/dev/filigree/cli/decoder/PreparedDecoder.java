package dev.filigree.cli.decoder;

import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.PackedDecoder;
import java.util.List;
import java.util.Map;

/**
 * A model that is ready to run.
 *
 * @param packed its weights
 * @param activation which activations are skipped
 * @param weightSparsity the share of removed weights over the seven projections of all blocks
 * @param masks digests of the masks, by tensor
 * @param warnings messages to show
 */
public record PreparedDecoder(
    PackedDecoder packed,
    ActivationSetting activation,
    double weightSparsity,
    Map<String, String> masks,
    List<String> warnings)
    implements AutoCloseable {

  /** Thresholds, null where there are none. */
  Map<String, Float> thresholds() {
    return Thresholds.byName(activation, packed.config());
  }

  @Override
  public void close() {
    packed.close();
  }
}
