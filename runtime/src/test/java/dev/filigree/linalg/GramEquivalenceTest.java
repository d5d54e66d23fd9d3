package dev.filigree.linalg;

/** From class folders: plain and reference kernels. */
class GramEquivalenceTest extends GramEquivalence {}
