package dev.filigree.file;

/** One tensor of the model in a packed file. */
public sealed interface Entry permits DenseEntry, PackedEntry {
  /** The tensor's name in the model. */
  String name();

  /** Type of the dense tensor. */
  DType dtype();

  /** Shape of the dense tensor; a fresh array. */
  long[] shape();

  /** Bytes as stored, padding left out. */
  long bytes();
}
