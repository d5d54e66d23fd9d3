package dev.filigree.decoder.serve;

/**
 * How a session runs.
 *
 * @param capacity most positions, at least 1
 * @param activation which activations are skipped
 * @param scope in which phase
 * @param keepFirst positions from the start that skip nothing, at least 0
 * @param returnToDense whether the session skips nothing any more once its realised sparsity has
 *     stayed 10 points below the planned one over 1000 tokens
 */
public record SessionSettings(
    int capacity, ActivationSetting activation, Scope scope, int keepFirst, boolean returnToDense) {

  /** A session that goes on skipping whatever comes of it. */
  public SessionSettings(int capacity, ActivationSetting activation, Scope scope, int keepFirst) {
    this(capacity, activation, scope, keepFirst, false);
  }

  /** When activations are skipped. */
  public enum Scope {
    /** Always. */
    ALL,
    /** Where one token is fed at a time. */
    DECODE
  }

  /** The same with another capacity. */
  public SessionSettings withCapacity(int positions) {
    return new SessionSettings(positions, activation, scope, keepFirst, returnToDense);
  }

  /** A session that skips nothing. */
  public static SessionSettings dense(int capacity) {
    return new SessionSettings(capacity, ActivationSetting.NONE, Scope.ALL, 0);
  }
}
