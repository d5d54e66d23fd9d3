package dev.filigree.decoder.sparsity;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.KvCache;
import dev.filigree.decoder.serve.LayerForward;
import dev.filigree.decoder.serve.LayerObserver;
import dev.filigree.decoder.serve.LayerRules;
import dev.filigree.decoder.serve.PackedLayer;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Calibration sequences on their way through a decoder, block by block: only one block is in memory
 * at a time. Each sequence goes without its last id, the positions that predict a token.
 */
final class BlockPass {
  private final DecoderConfig config;
  private final LayerForward forward;
  private final KvCache cache;
  // The residual stream of every sequence [tokens][dim].
  private final float[][] hidden;

  /**
   * @throws FiligreeException FIL-0717, FIL-0713, FIL-0714 for the sequences
   */
  BlockPass(DecoderWeights weights, List<int[]> sequences) {
    config = weights.config();
    ByteBuffer embedding = weights.floats(DecoderWeights.EMBEDDING);
    int dim = config.dim();
    int longest = 1;
    hidden = new float[sequences.size()][];
    for (int s = 0; s < hidden.length; s++) {
      int[] ids = sequences.get(s);
      if (ids.length < 2) {
        throw new FiligreeException(Message.FIL_0717, s, ids.length);
      }
      if (ids.length - 1 > config.context()) {
        throw new FiligreeException(Message.FIL_0713, ids.length - 1, config.context());
      }
      hidden[s] = new float[Math.multiplyExact(ids.length - 1, dim)];
      for (int t = 0; t + 1 < ids.length; t++) {
        if (ids[t] < 0 || ids[t] >= config.vocab()) {
          throw new FiligreeException(Message.FIL_0714, ids[t], t, config.vocab() - 1);
        }
        embedding.asFloatBuffer().get(ids[t] * dim, hidden[s], t * dim, dim);
      }
      longest = Math.max(longest, ids.length - 1);
    }
    forward = new LayerForward(config, longest, Math.min(longest, LayerForward.MOST_ROWS));
    cache = new KvCache(config, longest);
  }

  private BlockPass(BlockPass other) {
    config = other.config;
    forward = other.forward;
    cache = other.cache;
    hidden = new float[other.hidden.length][];
    for (int s = 0; s < hidden.length; s++) {
      hidden[s] = other.hidden[s].clone();
    }
  }

  /** The same sequences at the same block, to be sent another way; not at the same time. */
  BlockPass copy() {
    return new BlockPass(this);
  }

  /**
   * Sends all sequences through a block.
   *
   * @param rules null to use all activations
   * @param observer null where nobody looks
   */
  void run(PackedLayer layer, LayerRules rules, LayerObserver observer) {
    run(layer, rules, observer, true);
  }

  /** Shows an observer what a block sees; the sequences stay in front of it. */
  void look(PackedLayer layer, LayerObserver observer) {
    run(layer, null, observer, false);
  }

  private void run(PackedLayer layer, LayerRules rules, LayerObserver observer, boolean moves) {
    int dim = config.dim();
    int most = Math.min(cache.capacity(), LayerForward.MOST_ROWS);
    float[] part = new float[most * dim];
    for (float[] sequence : hidden) {
      int tokens = sequence.length / dim;
      for (int from = 0; from < tokens; from += most) {
        int rows = Math.min(most, tokens - from);
        System.arraycopy(sequence, from * dim, part, 0, rows * dim);
        forward.run(layer, cache, part, rows, from, rules, observer);
        if (moves) {
          System.arraycopy(part, 0, sequence, from * dim, rows * dim);
        }
      }
    }
  }

  /** The residual stream of every sequence [tokens][dim]. */
  List<float[]> hidden() {
    return Arrays.asList(hidden);
  }
}
