package dev.filigree.kernel;

import java.nio.ByteBuffer;

/**
 * The arrays of a matrix in the bitmap format: strips of 16 outputs, one bit per weight, and the
 * kept values behind each other in the order of strip, input, output.
 *
 * @param rows outputs
 * @param cols inputs
 * @param masks U16 [strips][cols]; bit i of masks[s][k] says that weight [16 s + i][k] is kept;
 *     bits beyond the last output are 0
 * @param starts I32 [strips + 1]; starts[s] is the index of the first value of strip s
 * @param values [kept + 16]; 16 zeros at the end let kernels load whole vectors; integers have one
 *     scale per output
 */
public record BitmapArrays(
    int rows, int cols, ByteBuffer masks, ByteBuffer starts, Values values) {}
