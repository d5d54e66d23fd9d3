package dev.filigree.decoder.gguf;

/**
 * Where a tensor of a file lies.
 *
 * @param name as the file spells it
 * @param type one of those that are read
 * @param shape outermost dimension first, as everywhere in Filigree; the file has it the other way
 *     round. Not to be written to
 * @param offset of its first byte, from the start of the file
 * @param bytes how many it has
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record GgufTensor(String name, GgufType type, long[] shape, long offset, long bytes) {

  /** How many elements there are. */
  public long elements() {
    return bytes / type.blockBytes() * type.blockElements();
  }
}
