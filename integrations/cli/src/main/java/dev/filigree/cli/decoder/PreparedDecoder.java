package dev.filigree.cli.decoder;

import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.sparsity.DecoderPruning;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A model that is ready to run.
 *
 * @param packed its weights
 * @param activation which activations are skipped
 * @param pruned what pruning did, where it was asked for
 */
public record PreparedDecoder(
    PackedDecoder packed, ActivationSetting activation, Optional<DecoderPruning.Result> pruned)
    implements AutoCloseable {

  /** The share of removed weights over the seven projections of all blocks. */
  double weightSparsity() {
    return pruned.map(DecoderPruning.Result::sparsity).orElse(0.0);
  }

  /** Digests of the masks, by tensor. */
  Map<String, String> masks() {
    Map<String, String> out = new TreeMap<>();
    pruned.ifPresent(r -> r.masks().forEach((name, mask) -> out.put(name, mask.sha256())));
    return out;
  }

  /** Thresholds: by layer for CATS, else by layer and projection; null where there are none. */
  Map<String, Float> thresholds() {
    if (activation.thresholds() == null) {
      return null;
    }
    Map<String, Float> out = new TreeMap<>();
    for (int l = 0; l < activation.thresholds().length; l++) {
      float[] layer = activation.thresholds()[l];
      if (activation.method() == ActivationSetting.Method.CATS) {
        out.put(String.valueOf(l), layer[0]);
      } else {
        for (Projection p : Projection.values()) {
          out.put(l + "." + p.shortName(), layer[p.index()]);
        }
      }
    }
    return out;
  }

  @Override
  public void close() {
    packed.close();
  }
}
