package dev.filigree.pack;

/** From the packaged jar. */
class NoAllocationIT extends NoAllocation {}
