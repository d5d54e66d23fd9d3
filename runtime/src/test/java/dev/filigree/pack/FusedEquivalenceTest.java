package dev.filigree.pack;

/** From class folders: plain kernels. */
class FusedEquivalenceTest extends FusedEquivalence {}
