/** Scores of weights: the lowest are removed first. */
package dev.filigree.criterion;
