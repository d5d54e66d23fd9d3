package dev.filigree.file;

import dev.filigree.mask.Mask;
import dev.filigree.pack.Part;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A packed model file: a safetensors file whose entries are tensors as they were, or matrices in a
 * packed format, {@code name.values}, {@code name.bitmap} and so on with a descriptor in {@code
 * __metadata__}. One SHA-256 covers every byte of the file.
 *
 * <p>An open file is mapped; parts are views, nothing is copied. Opening checks the structure;
 * {@link #verify} reads everything. Immutable, safe for any number of threads.
 */
public final class PackedFile {
  /** The version this reads and writes. */
  public static final int VERSION = 1;

  private static final String FORMAT_KEY = "filigree.format";
  private static final String FORMAT = "packed";
  private static final String VERSION_KEY = "filigree.version";
  private static final String PADDING_KEY = "filigree.padding";
  private static final String CHECKSUMS_KEY = "filigree.crc32c";
  private static final String TENSOR_KEY = "filigree.tensor.";
  private static final String PACKING_KEY = "filigree.packing";

  private final SafetensorsFile file;
  private final Map<String, Entry> entries;
  private final Map<String, String> metadata;
  private final Set<String> padding;

  private PackedFile(
      SafetensorsFile file,
      Map<String, Entry> entries,
      Map<String, String> metadata,
      Set<String> padding) {
    this.file = file;
    this.entries = entries;
    this.metadata = metadata;
    this.padding = padding;
  }

  /**
   * Writes a packed file, whole or not at all.
   *
   * @param entries in the order they are to be listed; names differ
   * @param metadata further texts, for example those of the source file and a receipt
   * @throws FiligreeException FIL-0403 where the target cannot be written, FIL-0405 for an entry
   *     the format forbids, FIL-0413 for a metadata key that is ours, FIL-0331 where a matrix is
   *     closed while its parts are written
   */
  public static void write(
      Path target, List<? extends Entry> entries, Map<String, String> metadata) {
    write(target, entries, metadata, Receipt.empty());
  }

  /**
   * The same with a receipt of the packing itself, beside the one in the metadata: unpacking gives
   * the metadata back as they were.
   */
  static void write(
      Path target, List<? extends Entry> entries, Map<String, String> metadata, Receipt packing) {
    try {
      writeOpen(target, entries, metadata, packing);
    } catch (IllegalStateException e) {
      throw new FiligreeException(e, Message.FIL_0331, target, e.getMessage());
    }
  }

  private static void writeOpen(
      Path target, List<? extends Entry> entries, Map<String, String> metadata, Receipt packing) {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put(FORMAT_KEY, FORMAT);
    texts.put(VERSION_KEY, String.valueOf(VERSION));
    texts.put(FileDigest.KEY, FileDigest.BLANK);
    List<Tensor> tensors = new ArrayList<>();
    List<String> aligned = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Entry entry : entries) {
      if (!names.add(entry.name())) {
        throw new FiligreeException(Message.FIL_0405, entry.name(), "occurs twice");
      }
    }
    for (Entry entry : entries) {
      if (entry instanceof DenseEntry dense) {
        tensors.add(dense.tensor());
      } else if (entry instanceof PackedEntry packed) {
        Descriptor.Stored stored = store(packed, names);
        texts.put(TENSOR_KEY + packed.name(), stored.toJson());
        for (Part part : packed.parts()) {
          tensors.add(tensor(stored.partName(part.suffix()), part));
          aligned.add(stored.partName(part.suffix()));
        }
      }
    }
    Layout layout = Layout.of(tensors, aligned);
    if (!layout.padding().isEmpty()) {
      texts.put(
          PADDING_KEY,
          StrictJson.write(
              json -> {
                json.beginArray();
                for (String name : layout.padding()) {
                  json.value(name);
                }
                json.endArray();
              }));
    }
    texts.put(CHECKSUMS_KEY, Checksums.of(layout.header()));
    if (!packing.isEmpty()) {
      texts.put(PACKING_KEY, packing.toJson());
    }
    metadata.forEach(
        (key, value) -> {
          if (isOurs(key)) {
            throw new FiligreeException(Message.FIL_0413, key);
          }
          texts.put(key, value);
        });
    writeFile(target, layout, SafetensorsWriter.header(target, layout, texts));
  }

  private static void writeFile(Path target, Layout layout, byte[] header) {
    int position = FileDigest.position(header);
    FileDigest digest = new FileDigest();
    digest.header(header, position);
    AtomicFile.write(
        target,
        out -> {
          AtomicFile.writeFully(out, SafetensorsWriter.length(header));
          AtomicFile.writeFully(out, ByteBuffer.wrap(header));
          for (Tensor t : layout.inFileOrder()) {
            for (ByteBuffer chunk : t.chunks()) {
              digest.data(chunk);
              AtomicFile.writeFully(out, chunk);
            }
          }
          out.position(8L + position);
          AtomicFile.writeFully(out, ByteBuffer.wrap(digest.digits()));
        });
  }

  private static Descriptor.Stored store(PackedEntry packed, Set<String> names) {
    List<String> order = packed.parts().stream().map(Part::suffix).toList();
    if (order.isEmpty()) {
      throw new FiligreeException(Message.FIL_0405, packed.name(), "is packed but has no parts");
    }
    String prefix = packed.name();
    // A model may have a tensor called fc.values beside fc.
    for (int i = 1; ; i++) {
      Descriptor.Stored stored = new Descriptor.Stored(packed.descriptor(), VERSION, prefix, order);
      List<String> parts = order.stream().map(stored::partName).toList();
      if (Collections.disjoint(names, parts)) {
        names.addAll(parts);
        return stored;
      }
      prefix = packed.name() + "~" + i;
    }
  }

  private static Tensor tensor(String name, Part part) {
    DType dtype =
        DType.byName(part.dtype())
            .orElseThrow(
                () ->
                    new FiligreeException(
                        Message.FIL_0405, name, "has the unknown type " + part.dtype()));
    return Tensor.of(name, dtype, part.shape(), part.data().duplicate().position(0));
  }

  static boolean isOurs(String key) {
    return key.startsWith(TENSOR_KEY)
        || List.of(FORMAT_KEY, VERSION_KEY, PADDING_KEY, CHECKSUMS_KEY, PACKING_KEY, FileDigest.KEY)
            .contains(key);
  }

  /** Whether a file says that Filigree packed it. */
  public static boolean isPacked(SafetensorsFile file) {
    return FORMAT.equals(file.metadata().get(FORMAT_KEY));
  }

  /**
   * Opens a packed file.
   *
   * @throws FiligreeException FIL-0404 where it cannot be read, FIL-0401 where it is no safetensors
   *     file, FIL-0414 where Filigree did not pack it, FIL-0407 for another version, FIL-0415 where
   *     its description is broken
   */
  public static PackedFile open(Path path) {
    return of(SafetensorsFile.open(path));
  }

  /** The same for a file that is open already. */
  public static PackedFile of(SafetensorsFile file) {
    if (!isPacked(file)) {
      throw new FiligreeException(Message.FIL_0414, file.path());
    }
    checkVersion(file, file.metadata().getOrDefault(VERSION_KEY, "none"));
    try {
      return read(file);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0415, file.path(), e.getMessage());
    }
  }

  private static void checkVersion(SafetensorsFile file, String version) {
    if (!version.equals(String.valueOf(VERSION))) {
      throw new FiligreeException(Message.FIL_0407, file.path(), version, VERSION);
    }
  }

  private static PackedFile read(SafetensorsFile file) throws IOException {
    Set<String> padding = readPadding(file);
    Map<String, String> metadata = new LinkedHashMap<>();
    Map<String, PackedEntry> byPart = new HashMap<>();
    Set<String> packedNames = new HashSet<>();
    for (Map.Entry<String, String> text : file.metadata().entrySet()) {
      if (text.getKey().startsWith(TENSOR_KEY)) {
        String name = text.getKey().substring(TENSOR_KEY.length());
        readPacked(file, name, text.getValue(), byPart);
        packedNames.add(name);
      } else if (!isOurs(text.getKey())) {
        metadata.put(text.getKey(), text.getValue());
      }
    }
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (Tensor t : file.tensors()) {
      PackedEntry packed = byPart.get(t.name());
      if (packed != null) {
        entries.put(packed.name(), packed);
      } else if (!padding.contains(t.name())) {
        if (packedNames.contains(t.name())) {
          throw new IOException("tensor " + t.name() + " is there packed and dense");
        }
        entries.put(t.name(), new DenseEntry(t));
      }
    }
    checkNames(entries.values());
    return new PackedFile(
        file, Collections.unmodifiableMap(entries), Collections.unmodifiableMap(metadata), padding);
  }

  /** Every tensor of the model is in one entry only, and joined ones fill theirs. */
  private static void checkNames(Collection<Entry> entries) throws IOException {
    Set<String> names = new HashSet<>();
    for (Entry entry : entries) {
      List<String> own = List.of(entry.name());
      if (entry instanceof PackedEntry packed) {
        try {
          own = packed.members().stream().map(Joined.Member::name).toList();
        } catch (IllegalArgumentException e) {
          throw new IOException("tensor " + entry.name() + ": " + e.getMessage(), e);
        }
      }
      for (String name : own) {
        if (!names.add(name)) {
          throw new IOException("tensor " + name + " is there twice");
        }
      }
    }
  }

  private static Set<String> readPadding(SafetensorsFile file) throws IOException {
    String text = file.metadata().get(PADDING_KEY);
    Set<String> padding = new HashSet<>();
    if (text == null) {
      return padding;
    }
    List<String> names;
    try {
      names = StrictJson.readTexts(text);
    } catch (IllegalStateException e) {
      throw new IOException("the list of padding tensors is malformed: " + e.getMessage(), e);
    }
    for (String name : names) {
      if (file.tensor(name).isEmpty() || !padding.add(name)) {
        throw new IOException("the padding tensor " + name + " is missing or named twice");
      }
    }
    return padding;
  }

  private static void readPacked(
      SafetensorsFile file, String name, String text, Map<String, PackedEntry> byPart)
      throws IOException {
    Descriptor.Stored stored;
    try {
      stored = Descriptor.parse(text);
    } catch (IOException e) {
      throw new IOException("the descriptor of " + name + ": " + e.getMessage(), e);
    }
    checkVersion(file, String.valueOf(stored.version()));
    if (stored.order().isEmpty()) {
      throw new IOException("tensor " + name + " has no parts");
    }
    List<Part> parts = new ArrayList<>();
    for (String suffix : stored.order()) {
      String partName = stored.partName(suffix);
      Tensor t =
          file.tensor(partName)
              .orElseThrow(() -> new IOException("the part " + partName + " is missing"));
      if (t.chunks().size() != 1) {
        throw new IOException("the part " + partName + " is larger than 2 GiB");
      }
      parts.add(
          new Part(
              suffix,
              t.dtype().name(),
              t.shape(),
              t.chunks().get(0).slice().order(ByteOrder.nativeOrder())));
    }
    PackedEntry entry = new PackedEntry(name, stored.descriptor(), List.copyOf(parts));
    for (String suffix : stored.order()) {
      if (byPart.put(stored.partName(suffix), entry) != null) {
        throw new IOException("the part " + stored.partName(suffix) + " is used twice");
      }
    }
  }

  /** Where the file was read from. */
  public Path path() {
    return file.path();
  }

  /** The size of the whole file. */
  public long fileBytes() {
    return file.fileBytes();
  }

  /** All entries, in the order they were written. */
  public List<Entry> entries() {
    return List.copyOf(entries.values());
  }

  /** The entry of that name. */
  public Optional<Entry> entry(String name) {
    return Optional.ofNullable(entries.get(name));
  }

  /** The metadata that were given to {@link #write}. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * What was done to the model; empty where nobody wrote it down.
   *
   * @throws FiligreeException FIL-0430 where it cannot be understood
   */
  public Receipt receipt() {
    Receipt receipt = Receipt.in(metadata, path());
    String packing = file.metadata().get(PACKING_KEY);
    if (packing != null) {
      for (ReceiptStep step : Receipt.parse(packing, path()).steps()) {
        receipt = receipt.then(step);
      }
    }
    return receipt;
  }

  /**
   * The mask of an entry where its zeros alone do not say what it is: that of a packed matrix, or
   * one stored beside a dense tensor. Tensors of more than two dimensions are [first, all others].
   *
   * @throws FiligreeException FIL-0415 and FIL-0432 where what is stored contradicts itself
   */
  public Optional<Mask> mask(String name) {
    Entry entry = entries.get(name);
    if (entry instanceof PackedEntry packed) {
      return Optional.of(MaskCheck.mask(packed, path()));
    }
    return entry instanceof DenseEntry dense && StoredMasks.canBeOf(dense.tensor())
        ? StoredMasks.of(dense.tensor(), this::stored, path())
        : Optional.empty();
  }

  /** The tensor of that name as it is stored. */
  Optional<Tensor> stored(String name) {
    return file.tensor(name);
  }

  /** Reads every byte and compares it with the digest; a single changed bit anywhere is found. */
  public Verification verify() {
    List<String> broken = new ArrayList<>();
    int position = FileDigest.position(file.header());
    if (position < 0) {
      return new Verification(
          List.of("header: the digest of the file is not where Filigree writes it"));
    }
    FileDigest digest = new FileDigest();
    digest.header(file.header(), position);
    for (Tensor t : file.inFileOrder()) {
      t.chunks().forEach(digest::data);
    }
    byte[] recorded = Arrays.copyOfRange(file.header(), position, position + 64);
    // Byte for byte: an upper-case digit is a flipped bit.
    if (!Arrays.equals(digest.digits(), recorded)) {
      String checksums = file.metadata().getOrDefault(CHECKSUMS_KEY, "");
      for (String name : Checksums.broken(file.tensors(), checksums)) {
        broken.add("tensor " + name + ": its bytes were changed");
      }
      if (broken.isEmpty()) {
        broken.add("header: the list of tensors, a descriptor or the metadata were changed");
      }
    }
    for (String name : padding) {
      if (file.tensor(name).stream().flatMap(t -> t.chunks().stream()).anyMatch(b -> !isZero(b))) {
        broken.add("tensor " + name + ": padding is not zero");
      }
    }
    return new Verification(List.copyOf(broken));
  }

  /**
   * {@link #verify()}, and the mask of every packed matrix against the digest in its descriptor.
   *
   * @param masks gives the mask of an entry from its parts
   */
  public Verification verify(Function<PackedEntry, Mask> masks) {
    List<String> broken = new ArrayList<>(verify().broken());
    if (broken.isEmpty()) {
      for (Entry entry : entries.values()) {
        if (entry instanceof PackedEntry packed) {
          Mask mask = masks.apply(packed);
          if (!mask.sha256().equals(packed.descriptor().maskSha256())) {
            broken.add(
                "tensor "
                    + packed.name()
                    + ": its zeros are not those of its mask; a step after pruning changed them");
          }
        }
      }
    }
    return new Verification(List.copyOf(broken));
  }

  /**
   * Everything there is to check: every byte, what the parts of every packed matrix say of each
   * other, the mask of every one against its digest, and every step of the receipt.
   */
  public Verification verifyAll() {
    List<String> broken = new ArrayList<>(verify().broken());
    if (broken.isEmpty()) {
      try {
        broken.addAll(MaskCheck.of(this).broken());
      } catch (FiligreeException e) {
        broken.add(e.getMessage());
      }
    }
    return new Verification(List.copyOf(broken));
  }

  /**
   * Verifies and refuses a broken file.
   *
   * @throws FiligreeException FIL-0402 with what broke
   */
  public void requireIntact() {
    Verification v = verify();
    if (!v.ok()) {
      throw new FiligreeException(Message.FIL_0402, path(), String.join("; ", v.broken()));
    }
  }

  private static boolean isZero(ByteBuffer bytes) {
    for (int i = bytes.position(); i < bytes.limit(); i++) {
      if (bytes.get(i) != 0) {
        return false;
      }
    }
    return true;
  }
}
