package dev.filigree.pack;

/** From class folders: plain kernels. */
class AttentionEquivalenceTest extends AttentionEquivalence {}
