package dev.filigree.decoder.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.decoder.model.RopeTable;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.Arrays;

/**
 * Rotary positions as arrays. The pairs of a head are seen as a dimension of two, which stands
 * before the pairs where their halves are apart ({@link RopeLayout#HALF_SPLIT}) and behind them
 * where they are neighbours, so one formula serves both. Safe for any number of threads.
 */
final class RotaryPositions {
  private static final int LEAST_TABLE = 64;

  private final DecoderConfig config;
  private final int pairs;
  private final int axis;
  private RopeTable table;
  private int tabled;

  RotaryPositions(DecoderConfig config) {
    this.config = config;
    pairs = config.headDim() / 2;
    axis = config.ropeLayout() == RopeLayout.HALF_SPLIT ? 3 : 4;
  }

  /**
   * Cosines and sines of positions, as {@link #rotate} takes them.
   *
   * @param positions [batch][tokens], or one row for all of a batch, each 0 or more
   * @throws FiligreeException FIL-0713 for a position the context does not have
   */
  NDList angles(NDManager manager, long[] positions, long batch) {
    long tokens = positions.length / batch;
    RopeTable angles = table(positions);
    Shape shape =
        axis == 3 ? new Shape(batch, tokens, 1, 1, pairs) : new Shape(batch, tokens, 1, pairs, 1);
    return new NDList(
        manager.create(rows(angles.cosines(), positions), shape),
        manager.create(rows(angles.sines(), positions), shape));
  }

  private float[] rows(float[] all, long[] positions) {
    float[] out = new float[positions.length * pairs];
    for (int i = 0; i < positions.length; i++) {
      System.arraycopy(all, (int) positions[i] * pairs, out, i * pairs, pairs);
    }
    return out;
  }

  private synchronized RopeTable table(long[] positions) {
    long needed = Arrays.stream(positions).max().orElse(0) + 1;
    if (needed > config.context() || Arrays.stream(positions).anyMatch(p -> p < 0)) {
      throw new FiligreeException(Message.FIL_0713, needed, config.context());
    }
    if (needed > tabled) {
      tabled = (int) Math.min(config.context(), Math.max(LEAST_TABLE, 2 * needed));
      table = new RopeTable(config, tabled);
    }
    return table;
  }

  /**
   * Rotates heads.
   *
   * @param x [batch][tokens][heads][headDim]
   * @return of the same shape
   */
  NDArray rotate(NDArray x, NDArray cos, NDArray sin) {
    Shape shape = x.getShape();
    Shape heads = shape.slice(0, 3);
    NDList parts = x.reshape(axis == 3 ? heads.add(2, pairs) : heads.add(pairs, 2)).split(2, axis);
    NDArray a = parts.get(0);
    NDArray b = parts.get(1);
    NDArray first = a.mul(cos).sub(b.mul(sin));
    NDArray second = a.mul(sin).add(b.mul(cos));
    return NDArrays.concat(new NDList(first, second), axis).reshape(shape);
  }
}
