/** Scores of weights, the lowest removed first, and one-shot pruning of trained layers. */
package dev.filigree.criterion;
