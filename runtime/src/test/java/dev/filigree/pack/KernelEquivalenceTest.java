package dev.filigree.pack;

/** From class folders: plain and reference kernels. */
class KernelEquivalenceTest extends KernelEquivalence {}
