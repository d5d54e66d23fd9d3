package dev.filigree.pack;

/** From the packaged jar: with vector kernels where this run is to have them. */
class AttentionEquivalenceIT extends AttentionEquivalence {}
