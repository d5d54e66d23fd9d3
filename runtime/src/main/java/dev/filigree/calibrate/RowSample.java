package dev.filigree.calibrate;

import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Some rows of a stream, spread evenly over it although its length is not known: the first and
 * every n-th after it, where n begins with 1 and doubles whenever there are too many. Which rows
 * are kept depends on nothing but their numbers, so samples of the inputs and the outputs of a
 * layer with the same limit hold the same rows. Not safe for several threads.
 */
public final class RowSample {
  private final int width;
  private final int most;
  private float[] values;
  private int kept;
  private long every = 1;
  private long seen;

  /**
   * @param width values of a row, at least 1
   * @param most how many rows are kept at most, at least 1; as soon as so many came by, at least
   *     half of them
   */
  public RowSample(int width, int most) {
    if (width < 1 || most < 1) {
      throw new IllegalArgumentException("width is " + width + ", most is " + most);
    }
    this.width = width;
    this.most = most;
    values = new float[Math.multiplyExact(width, Math.min(most, 16))];
  }

  /** Adds the rows from the position to the limit; the position does not move. */
  public void add(FloatBuffer rows) {
    if (rows.remaining() % width != 0) {
      throw new IllegalArgumentException(rows.remaining() + " values for rows of " + width);
    }
    for (int at = rows.position(); at < rows.limit(); at += width) {
      if (seen++ % every == 0) {
        keep(rows, at);
      }
    }
  }

  private void keep(FloatBuffer rows, int at) {
    if (kept == most) {
      for (int r = 2; r < kept; r += 2) {
        System.arraycopy(values, r * width, values, r / 2 * width, width);
      }
      kept = (kept + 1) / 2;
      every *= 2;
      if ((seen - 1) % every != 0) {
        return;
      }
    }
    if (kept * width == values.length) {
      values = Arrays.copyOf(values, (int) Math.min((long) most * width, 2L * values.length));
    }
    rows.get(at, values, kept++ * width, width);
  }

  /** How many rows came by. */
  public long seen() {
    return seen;
  }

  /** How many rows are kept. */
  public int rows() {
    return kept;
  }

  /** The rows that are kept, one behind the other, in their order. */
  public float[] values() {
    return Arrays.copyOf(values, kept * width);
  }
}
