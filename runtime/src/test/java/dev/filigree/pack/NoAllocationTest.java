package dev.filigree.pack;

/** From class folders: plain kernels. */
class NoAllocationTest extends NoAllocation {}
