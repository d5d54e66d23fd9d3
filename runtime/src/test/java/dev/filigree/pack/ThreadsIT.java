package dev.filigree.pack;

/** From the packaged jar. */
class ThreadsIT extends Threads {}
