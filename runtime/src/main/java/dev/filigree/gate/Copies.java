package dev.filigree.gate;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.pack.Part;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How many copies of its weights each side rotates over.
 *
 * @param bytesPerSide what the copies of one side should fill; 0 for a single copy
 * @param limited whether memory did not suffice for what was asked
 */
public record Copies(long bytesPerSide, boolean limited) {

  /** More copies than that add nothing but objects; a layer that small lies in the cache. */
  public static final int MOST = 1 << 16;

  /** The number of copies of that many bytes. */
  public int count(long bytes) {
    long whole = bytesPerSide / bytes;
    // Where memory is short the last copy must not go beyond it.
    long count = limited || whole * bytes == bytesPerSide ? whole : whole + 1;
    return (int) Math.max(1, Math.min(MOST, count));
  }

  /** The matrix itself and copies of it in memory of their own. */
  public List<PackedMatrix> of(PackedMatrix matrix) {
    return of(matrix, count(matrix.bytes()));
  }

  /** That many, the matrix itself among them. */
  public static List<PackedMatrix> of(PackedMatrix matrix, int count) {
    List<PackedMatrix> out = new ArrayList<>(List.of(matrix));
    while (out.size() < count) {
      Map<String, Part> parts = new HashMap<>();
      for (Part part : matrix.parts()) {
        parts.put(part.suffix(), copy(part));
      }
      out.add(PackedMatrices.fromParts(matrix.format(), matrix.rows(), matrix.cols(), parts));
    }
    return out;
  }

  private static Part copy(Part part) {
    ByteBuffer data = AlignedMemory.allocate(part.data().limit());
    data.put(0, part.data(), 0, data.capacity());
    return new Part(part.suffix(), part.dtype(), part.shape(), data);
  }
}
