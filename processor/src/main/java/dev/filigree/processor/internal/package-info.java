/**
 * The parts of the processor.
 *
 * <p>{@link dev.filigree.processor.internal.Rounds} drives; {@code ElementReader} turns annotations
 * into declarations; each {@code Validator} answers for one concern; {@code IndexWriter} writes.
 */
package dev.filigree.processor.internal;
