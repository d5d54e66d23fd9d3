package dev.filigree.benchmarks.rivals;

import java.util.OptionalDouble;
import java.util.function.IntConsumer;

/** The generated model, loaded by one library at one precision. */
interface Contestant extends AutoCloseable {
  /**
   * Continues a prompt, always with the most likely id, from an empty cache.
   *
   * @param onId is told each new id as soon as it is known
   */
  void generate(int[] prompt, int steps, IntConsumer onId);

  /**
   * Mean negative log likelihood of every id but the first, in nats; empty where the library does
   * not give it.
   */
  OptionalDouble loss(int[] ids);

  @Override
  void close();
}
