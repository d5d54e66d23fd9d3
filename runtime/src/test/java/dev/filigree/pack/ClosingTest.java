package dev.filigree.pack;

/** From class folders: memory that the garbage collector frees. */
class ClosingTest extends Closing {}
