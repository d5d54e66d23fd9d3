package dev.filigree.gate;

/**
 * One way to compute a layer.
 *
 * @param name for example {@code djl}, {@code dense} or {@code csr}
 * @param sparse whether it skips weights or inputs; dense ones are what it has to beat
 * @param call computes the layer once; every call takes other weights and another input, so that
 *     neither lies in the cache unless it would in the model
 */
public record Contender(String name, boolean sparse, Runnable call) {}
