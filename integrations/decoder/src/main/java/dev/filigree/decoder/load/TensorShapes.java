package dev.filigree.decoder.load;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.file.StoredRemainders;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Which tensors a decoder of a given shape has. */
public final class TensorShapes {
  private TensorShapes() {}

  /** Names and shapes, from the embedding to the head. */
  public static Map<String, long[]> of(DecoderConfig c) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put(DecoderWeights.EMBEDDING, new long[] {c.vocab(), c.dim()});
    for (int l = 0; l < c.layers(); l++) {
      shapes.put(DecoderWeights.attentionNorm(l), new long[] {c.dim()});
      for (Projection p : Projection.values()) {
        shapes.put(p.weight(l), new long[] {p.rows(c), p.cols(c)});
        if (p.hasBias(c)) {
          shapes.put(p.bias(l), new long[] {p.rows(c)});
        }
      }
      shapes.put(DecoderWeights.feedForwardNorm(l), new long[] {c.dim()});
    }
    shapes.put(DecoderWeights.FINAL_NORM, new long[] {c.dim()});
    if (!c.tiedHead()) {
      shapes.put(DecoderWeights.HEAD, new long[] {c.vocab(), c.dim()});
    }
    return shapes;
  }

  /**
   * Compares with what a file holds. Tables of rotary frequencies, the copy of a tied head and
   * stored masks are not looked at.
   *
   * @param where named in messages
   * @param found shapes by name
   * @throws FiligreeException FIL-0704 for a missing tensor, FIL-0705 for one of another shape,
   *     FIL-0706 for one the decoder has no use for
   */
  static void check(Object where, DecoderConfig config, Map<String, long[]> found) {
    check(where, of(config), found);
  }

  /**
   * The same where the file has other names.
   *
   * @param expected shapes by the names of the file
   */
  static void check(Object where, Map<String, long[]> expected, Map<String, long[]> found) {
    Map<String, long[]> left = new LinkedHashMap<>(expected);
    found.forEach(
        (name, shape) -> {
          long[] legal = left.remove(name);
          if (legal == null) {
            boolean harmless =
                name.endsWith("rotary_emb.inv_freq")
                    || name.equals(DecoderWeights.HEAD)
                    || StoredRemainders.isBeside(name);
            if (!harmless) {
              throw new FiligreeException(Message.FIL_0706, where, name, Arrays.toString(shape));
            }
          } else if (!Arrays.equals(shape, legal)) {
            throw new FiligreeException(
                Message.FIL_0705, where, name, Arrays.toString(shape), Arrays.toString(legal));
          }
        });
    left.forEach(
        (name, shape) -> {
          throw new FiligreeException(
              Message.FIL_0704, where, name, Arrays.toString(shape), left.size());
        });
  }
}
