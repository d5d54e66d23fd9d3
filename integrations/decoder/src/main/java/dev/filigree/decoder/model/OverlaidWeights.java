package dev.filigree.decoder.model;

import java.nio.ByteBuffer;
import java.util.Map;

/**
 * Weights of which some tensors were replaced, by pruned ones for example.
 *
 * @param base all others
 * @param replaced by name, as {@link DecoderWeights#floats} gives them
 */
public record OverlaidWeights(DecoderWeights base, Map<String, ByteBuffer> replaced)
    implements DecoderWeights {
  @Override
  public DecoderConfig config() {
    return base.config();
  }

  @Override
  public ByteBuffer floats(String name) {
    ByteBuffer own = replaced.get(name);
    return own == null ? base.floats(name) : own;
  }

  @Override
  public int read(String name, ByteBuffer to, int at) {
    return replaced.containsKey(name)
        ? DecoderWeights.super.read(name, to, at)
        : base.read(name, to, at);
  }
}
