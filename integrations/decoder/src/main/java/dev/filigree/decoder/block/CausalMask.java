package dev.filigree.decoder.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.OptionalInt;

/** What is added to scores of attention so that a token sees what it may see. */
final class CausalMask {
  /** So far below any score that its exponential is zero, but finite: a row may be all hidden. */
  private static final float HIDDEN = -1e9f;

  private CausalMask() {}

  /**
   * 0 where a token sees a position, very negative where it does not.
   *
   * @param past positions before the first token
   * @param window how many positions a token sees at most, itself included
   * @param present [batch][past + tokens], 0 for padding; null where there is none
   * @return [1 or batch][1][tokens][past + tokens]
   */
  static NDArray of(
      NDManager manager, long past, long tokens, OptionalInt window, NDArray present) {
    long seen = past + tokens;
    NDArray query = manager.arange((int) past, (int) seen).reshape(1, 1, tokens, 1);
    NDArray key = manager.arange((int) seen).reshape(1, 1, 1, seen);
    NDArray hidden = key.gt(query);
    if (window.isPresent()) {
      hidden = hidden.logicalOr(key.lte(query.sub(window.getAsInt())));
    }
    if (present != null) {
      hidden = hidden.logicalOr(present.eq(0).reshape(-1, 1, 1, seen));
    }
    return hidden.toType(DataType.FLOAT32, false).mul(HIDDEN);
  }
}
