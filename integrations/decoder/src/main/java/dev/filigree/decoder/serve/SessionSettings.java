package dev.filigree.decoder.serve;

/**
 * How a session runs.
 *
 * @param capacity most positions, at least 1
 * @param activation which activations are skipped
 * @param scope in which phase
 * @param keepFirst positions from the start that skip nothing, at least 0
 */
public record SessionSettings(
    int capacity, ActivationSetting activation, Scope scope, int keepFirst) {
  /** When activations are skipped. */
  public enum Scope {
    /** Always. */
    ALL,
    /** Where one token is fed at a time. */
    DECODE
  }

  /** A session that skips nothing. */
  public static SessionSettings dense(int capacity) {
    return new SessionSettings(capacity, ActivationSetting.NONE, Scope.ALL, 0);
  }
}
