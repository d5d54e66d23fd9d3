package dev.filigree.decoder.load;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.file.DType;
import dev.filigree.file.DenseEntry;
import dev.filigree.file.Entry;
import dev.filigree.file.Joined;
import dev.filigree.file.PackedDirectory;
import dev.filigree.file.PackedEntry;
import dev.filigree.file.Tensor;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.pack.Part;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A packed directory with the weights of a decoder. Matrices are views of the mapped file; {@link
 * #floats} makes a dense copy of one tensor. Safe for any number of threads.
 */
public final class PackedModel implements DecoderWeights {
  private static final String DENSE = "dense";

  private final PackedDirectory folder;
  private final DecoderConfig config;
  private final Map<String, Place> places;
  // Checked once; floats are unpacked from them.
  private final Map<String, PackedMatrix> matrices = new ConcurrentHashMap<>();

  /** Which rows of which stored matrix a tensor is. */
  private record Place(Entry entry, int first, int rows) {}

  private PackedModel(PackedDirectory folder, DecoderConfig config, Map<String, Place> places) {
    this.folder = folder;
    this.config = config;
    this.places = places;
  }

  /**
   * Opens a packed directory.
   *
   * @throws FiligreeException FIL-0431, FIL-0415, FIL-0430 for the directory, FIL-0402 where its
   *     configuration was changed, FIL-0707, FIL-0701, FIL-0702 for that, FIL-0704 to FIL-0706 for
   *     its tensors
   */
  public static PackedModel open(Path path) {
    PackedDirectory folder = PackedDirectory.open(path);
    byte[] text =
        folder
            .content(PackedDirectory.CONFIG)
            .orElseThrow(
                () ->
                    new FiligreeException(
                        Message.FIL_0707, path, "its receipt has no " + PackedDirectory.CONFIG));
    DecoderConfig shape =
        ConfigJson.parse(
            new String(text, StandardCharsets.UTF_8), path.resolve(PackedDirectory.CONFIG));
    DecoderConfig config =
        folder
            .content(GenerationConfig.NAME)
            .map(
                more ->
                    GenerationConfig.addTo(
                        shape,
                        new String(more, StandardCharsets.UTF_8),
                        path.resolve(GenerationConfig.NAME)))
            .orElse(shape);
    Map<String, Place> places = new LinkedHashMap<>();
    Map<String, long[]> shapes = new LinkedHashMap<>();
    for (Entry entry : folder.weights().entries()) {
      if (entry instanceof PackedEntry packed) {
        for (Joined.Member m : packed.members()) {
          places.put(m.name(), new Place(entry, m.first(), m.rows()));
          shapes.put(m.name(), new long[] {m.rows(), packed.descriptor().cols()});
        }
      } else {
        places.put(entry.name(), new Place(entry, 0, -1));
        shapes.put(entry.name(), entry.shape());
      }
    }
    TensorShapes.check(path, config, shapes);
    return new PackedModel(folder, config, places);
  }

  /** The directory. */
  public PackedDirectory folder() {
    return folder;
  }

  @Override
  public DecoderConfig config() {
    return config;
  }

  /**
   * The format of the stored matrix of exactly these tensors, their outputs one behind the other;
   * empty where they are stored otherwise.
   */
  public Optional<String> format(List<String> tensors) {
    Place place = places.get(tensors.get(0));
    if (place == null) {
      return Optional.empty();
    }
    if (place.entry instanceof PackedEntry entry) {
      List<String> members = entry.members().stream().map(Joined.Member::name).toList();
      return members.equals(tensors) ? Optional.of(entry.descriptor().format()) : Optional.empty();
    }
    Tensor t = ((DenseEntry) place.entry).tensor();
    boolean served = t.dtype() == DType.F32 || t.dtype() == DType.BF16;
    return served && tensors.size() == 1 && t.shape().length == 2 && t.chunks().size() == 1
        ? Optional.of(DENSE)
        : Optional.empty();
  }

  /**
   * That matrix, as views of the mapped file; the caller's to close.
   *
   * @throws FiligreeException FIL-0310 and FIL-0311 where its parts contradict each other
   */
  public Optional<PackedMatrix> matrix(List<String> tensors) {
    return format(tensors).map(format -> matrix(places.get(tensors.get(0)).entry));
  }

  private static PackedMatrix matrix(Entry entry) {
    Map<String, Part> parts = new HashMap<>();
    if (entry instanceof PackedEntry packed) {
      packed.parts().forEach(p -> parts.put(p.suffix(), p));
      return PackedMatrices.fromParts(
          packed.descriptor().format(),
          packed.descriptor().rows(),
          packed.descriptor().cols(),
          parts);
    }
    Tensor t = ((DenseEntry) entry).tensor();
    Part values =
        new Part("values", t.dtype().name(), t.shape(), t.data().order(ByteOrder.nativeOrder()));
    return PackedMatrices.fromParts(
        DENSE, (int) t.shape()[0], (int) t.shape()[1], Map.of(values.suffix(), values));
  }

  @Override
  public ByteBuffer floats(String name) {
    Place place = places.get(name);
    if (place == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    if (place.entry instanceof DenseEntry dense) {
      return NativeFloats.of(dense.tensor());
    }
    PackedMatrix matrix = matrices.computeIfAbsent(place.entry.name(), n -> matrix(place.entry));
    int width = 4 * matrix.cols();
    ByteBuffer rows = AlignedMemory.allocate(place.rows * width);
    if (place.rows == matrix.rows()) {
      matrix.unpack(rows);
      return rows;
    }
    return Tensors.borrowing(
        () -> {
          ByteBuffer whole = AlignedMemory.allocate(Math.multiplyExact(matrix.rows(), width));
          matrix.unpack(whole);
          return rows.put(0, whole, place.first * width, place.rows * width);
        });
  }
}
