package dev.filigree.kernel;

/** The same on the packaged jar. */
final class MachineProbeIT extends MachineProbeTest {}
