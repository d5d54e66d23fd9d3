/** One generated decoder, run by Filigree and by its rivals, each at the precisions it has. */
package dev.filigree.benchmarks.rivals;
