/** What one-shot pruning costs at the size of a large language model's block. */
package dev.filigree.samples.oneshot;
