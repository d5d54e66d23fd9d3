package dev.filigree.pack;

/** From class folders: plain kernels. */
class ThreadsTest extends Threads {}
