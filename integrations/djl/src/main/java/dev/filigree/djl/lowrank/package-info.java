/** Approximations of a layer's weights by lower rank, and what R-Sparse takes of them. */
package dev.filigree.djl.lowrank;
