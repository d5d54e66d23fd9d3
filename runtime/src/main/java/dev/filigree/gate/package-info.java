/** Paired timing of two ways to compute the same thing, and the rule that chooses between them. */
package dev.filigree.gate;
