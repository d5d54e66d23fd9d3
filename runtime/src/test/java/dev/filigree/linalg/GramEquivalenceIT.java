package dev.filigree.linalg;

/** From the packaged jar: with vector kernels where this run is to have them. */
class GramEquivalenceIT extends GramEquivalence {}
