package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * The arrays of a matrix in the csr format: compressed sparse rows, each row cut into blocks of
 * {@link Kernels#CSR_BLOCK} inputs so that many-row products can stay in one block of the
 * activations.
 *
 * @param rows outputs
 * @param cols inputs
 * @param pointers I32 [rows * blocks + 1]; the weights of row r in block b have the indices
 *     pointers[r * blocks + b] to pointers[r * blocks + b + 1], exclusive
 * @param columns U16 [kept]; the input modulo 65536, ascending within a block
 * @param values [kept]; integers have one scale per output
 */
public record CsrArrays(
    int rows, int cols, ByteBuffer pointers, ByteBuffer columns, Values values) {

  /** Blocks of every row. */
  public int blocks() {
    return blocks(cols);
  }

  /** Blocks of every row of a matrix with that many inputs. */
  public static int blocks(int cols) {
    return (int) (((long) cols + Kernels.CSR_BLOCK - 1) / Kernels.CSR_BLOCK);
  }

  /** What to add to a stored column of that block to get the input. */
  public static int base(int block) {
    return (int) ((long) block * Kernels.CSR_BLOCK) & ~0xFFFF;
  }
}
