package dev.filigree.decoder.store;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.file.DType;
import dev.filigree.file.DenseEntry;
import dev.filigree.file.Descriptor;
import dev.filigree.file.Entry;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.Joined;
import dev.filigree.file.PackedEntry;
import dev.filigree.file.Spool;
import dev.filigree.file.Tensor;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.mask.Mask;
import dev.filigree.mask.PatternFinder;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.pack.Part;
import dev.filigree.pack.SharedInputs;
import dev.filigree.plan.Pattern;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The entries of a packed file of a decoder, on disk until they are written. */
final class EntryStore {
  private static final int STRIP = 16;

  private final Spool spool;
  private final ValueType values;
  private final Set<String> earlier;
  private final List<Entry> entries = new ArrayList<>();
  // Masks themselves would be a bit per weight of the whole model.
  private final Map<String, Zeros> zeros = new TreeMap<>();
  private long denseBytes;
  private int sparse;

  /** What is known of a tensor's zeros. */
  private record Zeros(String sha256, boolean any) {
    static Zeros of(Mask mask) {
      return new Zeros(mask.sha256(), mask.sparsity() > 0);
    }
  }

  /**
   * @param earlier tensors that masks are known of
   */
  EntryStore(Spool spool, ValueType values, Set<String> earlier) {
    this.spool = spool;
    this.values = values;
    this.earlier = earlier;
  }

  /** A norm or a bias, as float32. */
  void vector(DecoderWeights weights, String name) {
    ByteBuffer floats = Tensors.finite(weights, name);
    long[] shape = {floats.limit() / 4};
    entries.add(
        new DenseEntry(
            spool.add(
                name,
                DType.F32,
                shape,
                List.of(FloatTensor.encode(name, DType.F32, floats.asFloatBuffer())))));
    denseBytes += floats.limit();
  }

  /** The embedding or the head. */
  void table(DecoderWeights weights, String name, int rows, int cols) {
    Tensors.borrowing(
        () -> {
          ByteBuffer dense = Tensors.finite(weights, name);
          try (PackedMatrix m =
              PackedMatrices.of(StoredMatrices.DENSE, values, dense, rows, cols)) {
            denseBytes += m.bytes();
            if (values == ValueType.INT8 || earlier.contains(name)) {
              Mask mask = mask(m);
              zeros.put(name, Zeros.of(mask));
              add(name, m, mask, Map.of(), pattern(mask));
            } else {
              // What needs no scales is a tensor like any other.
              Part part = m.parts().get(0);
              DType type = DType.byName(part.dtype()).orElseThrow();
              entries.add(
                  new DenseEntry(
                      spool.add(name, type, part.shape(), List.of(part.data().duplicate()))));
            }
          }
          return null;
        });
  }

  /**
   * Projections that are stored as one matrix.
   *
   * @param anyFormat whether they may be stored sparse, where that is smaller
   * @param pattern what pruning removed, null where it is to be found
   * @return weights that are not zero
   */
  long matrix(
      DecoderWeights weights, int layer, StoredMatrices wanted, boolean anyFormat, String pattern) {
    DecoderConfig c = weights.config();
    List<ByteBuffer> dense = new ArrayList<>();
    Map<String, Integer> rows = new LinkedHashMap<>();
    long kept = 0;
    for (Projection p : wanted.projections()) {
      ByteBuffer floats = Tensors.finite(weights, p.weight(layer));
      for (int i = 0; i < floats.limit(); i += 4) {
        kept += floats.getFloat(i) != 0 ? 1 : 0;
      }
      dense.add(floats);
      rows.put(p.weight(layer), p.rows(c));
    }
    int cols = wanted.projections().get(0).cols(c);
    int all = rows.values().stream().mapToInt(Integer::intValue).sum();
    boolean smaller = sparseBytes(all, cols, kept) < (long) all * cols * values.bytes();
    String format = anyFormat && smaller ? StoredMatrices.BITMAP : wanted.format();
    denseBytes += (long) all * cols * values.bytes();
    try (SharedInputs packed = SharedInputs.pack(format, values, cols, dense)) {
      PackedMatrix m = packed.matrix();
      Mask mask = mask(m);
      Map<String, String> joined = rows.size() > 1 ? Joined.attributes(rows) : Map.of();
      boolean pruned = pattern != null && kept < (long) all * cols;
      add(wanted.name(layer), m, mask, joined, pruned ? pattern : pattern(mask));
      int first = 0;
      for (Map.Entry<String, Integer> e : rows.entrySet()) {
        zeros.put(e.getKey(), Zeros.of(mask.rows(first, e.getValue())));
        first += e.getValue();
      }
      sparse += PackedMatrices.isSparse(format) ? rows.size() : 0;
    }
    return kept;
  }

  private long sparseBytes(int rows, int cols, long kept) {
    long strips = (rows + STRIP - 1L) / STRIP;
    return 2 * strips * cols + 4 * (strips + 1) + (kept + STRIP) * values.bytes();
  }

  /** What is not zero as it is stored. */
  private static Mask mask(PackedMatrix m) {
    return Tensors.borrowing(
        () -> {
          ByteBuffer dense = AlignedMemory.allocate(4 * m.rows() * m.cols());
          m.unpack(dense);
          return Mask.ofNonZeros(dense.asFloatBuffer(), m.rows(), m.cols());
        });
  }

  private static String pattern(Mask mask) {
    return PatternFinder.find(mask).map(Pattern::text).orElse("dense");
  }

  private void add(
      String name, PackedMatrix m, Mask mask, Map<String, String> attributes, String pattern) {
    List<Part> parts = new ArrayList<>();
    for (Part part : m.parts()) {
      Tensor stored =
          spool.add(
              part.suffix(),
              DType.byName(part.dtype()).orElseThrow(),
              part.shape(),
              List.of(part.data().duplicate()));
      parts.add(
          new Part(
              part.suffix(),
              part.dtype(),
              part.shape(),
              stored.data().order(ByteOrder.nativeOrder())));
    }
    DType type = values == ValueType.BF16 ? DType.BF16 : DType.F32;
    entries.add(
        new PackedEntry(
            name,
            new Descriptor(
                m.format(),
                m.rows(),
                m.cols(),
                type,
                pattern,
                mask.sparsity(),
                mask.sha256(),
                attributes),
            parts));
  }

  /** Everything, in the order it came. */
  List<Entry> entries() {
    return entries;
  }

  /** Digests of what is not zero as it is stored, by tensor, where it is known. */
  Map<String, String> masks() {
    Map<String, String> out = new TreeMap<>();
    zeros.forEach((name, z) -> out.put(name, z.sha256()));
    return out;
  }

  /** Whether a tensor has zeros as it is stored. */
  boolean isSparse(String name) {
    return zeros.containsKey(name) && zeros.get(name).any();
  }

  /** Projections in a sparse format. */
  int sparse() {
    return sparse;
  }

  /** Bytes where nothing is left out, scales not counted. */
  long denseBytes() {
    return denseBytes;
  }

  /** Bytes as stored. */
  long bytes() {
    return entries.stream().mapToLong(Entry::bytes).sum();
  }
}
