package dev.filigree.decoder.serve;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;

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

  /**
   * Checks that there is a prompt where the method needs one.
   *
   * @throws FiligreeException FIL-0850
   */
  public SessionSettings {
    requirePrompt(activation.method(), scope, keepFirst);
  }

  /**
   * Checks that a method finds the prompt it needs: with scope {@code ALL} the first positions are
   * it.
   *
   * @throws FiligreeException FIL-0850 where there are none
   */
  public static void requirePrompt(ActivationSetting.Method method, Scope scope, int keepFirst) {
    if (method.needsPrompt() && scope == Scope.ALL && keepFirst < 1) {
      throw new FiligreeException(Message.FIL_0850, method.label());
    }
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
