package dev.filigree.decoder.gguf;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a GGUF file, checked against everything the format forbids.
 *
 * @param metadata values by key, in file order
 * @param tensors by name, in file order
 */
record GgufHeader(Map<String, Object> metadata, Map<String, GgufTensor> tensors) {
  /** The first four bytes, as a little-endian number. */
  static final int MAGIC = 0x46554747;

  private static final String ALIGNMENT = "general.alignment";
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int MOST_KEY = 65_535;
  private static final int MOST_KEYS = 1 << 20;
  private static final int MOST_DIMENSIONS = 4;

  /** What the header says of a tensor; its offset counts from the start of the data. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Claim(String name, GgufType type, long[] shape, long offset, long bytes) {
    long end() {
      return offset + bytes;
    }
  }

  /**
   * Reads a header.
   *
   * @param where named in messages
   * @throws IOException with the reason where the format forbids it
   * @throws FiligreeException FIL-0821 for a tensor of a type that is not read
   */
  static GgufHeader read(GgufInput in, Object where) throws IOException {
    if (in.left() < 4 || in.int32() != MAGIC) {
      throw new IOException("it does not begin with GGUF");
    }
    version(in.int32());
    int tensorCount = in.count("tensors", /* least= */ 24, MOST_KEYS);
    int keyCount = in.count("metadata keys", /* least= */ 13, MOST_KEYS);
    Map<String, Object> metadata = new LinkedHashMap<>();
    for (int i = 0; i < keyCount; i++) {
      String key = in.name("metadata key", MOST_KEY);
      if (metadata.put(key, GgufValues.read(in)) != null) {
        throw new IOException("metadata key " + key + " occurs twice");
      }
    }
    Map<String, Claim> claims = new LinkedHashMap<>();
    for (int i = 0; i < tensorCount; i++) {
      Claim claim = claim(in, where);
      if (claims.put(claim.name, claim) != null) {
        throw new IOException("tensor " + claim.name + " occurs twice");
      }
    }
    return new GgufHeader(metadata, place(in, alignment(metadata), claims));
  }

  private static void version(int version) throws IOException {
    if (version == 2 || version == 3) {
      return;
    }
    int swapped = Integer.reverseBytes(version);
    throw new IOException(
        swapped == 2 || swapped == 3
            ? "it is big-endian"
            : "it has version " + Integer.toUnsignedString(version));
  }

  private static long alignment(Map<String, Object> metadata) throws IOException {
    Object value = metadata.getOrDefault(ALIGNMENT, (long) DEFAULT_ALIGNMENT);
    if (value instanceof Long n && n > 0 && n % 8 == 0 && n <= 1 << 30) {
      return n;
    }
    throw new IOException(
        ALIGNMENT + " is " + (value instanceof Number ? value : "no number") + ", not 8 times one");
  }

  private static Claim claim(GgufInput in, Object where) throws IOException {
    String name = in.name("tensor name", MOST_KEY);
    int dimensions = in.int32();
    if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
      throw refused(name, "has " + Integer.toUnsignedString(dimensions) + " dimensions");
    }
    long[] shape = new long[dimensions];
    for (int d = dimensions - 1; d >= 0; d--) {
      shape[d] = in.int64();
    }
    long elements = elements(name, shape);
    int id = in.int32();
    GgufType type =
        GgufType.of(id).filter(GgufType::isReadable).orElseThrow(() -> unreadable(where, name, id));
    if (shape[dimensions - 1] % type.blockElements() != 0) {
      throw refused(
          name,
          "has rows of %d elements, and type %s has blocks of %d"
              .formatted(shape[dimensions - 1], type, type.blockElements()));
    }
    return new Claim(
        name, type, shape, in.int64(), elements / type.blockElements() * type.blockBytes());
  }

  private static FiligreeException unreadable(Object where, String name, int id) {
    String found =
        GgufType.of(id)
            .map(GgufType::name)
            .orElse("number " + Integer.toUnsignedString(id) + ", which is unknown");
    return new FiligreeException(Message.FIL_0821, where, name, found, GgufType.readable());
  }

  private static long elements(String name, long[] shape) throws IOException {
    long elements = 1;
    for (long n : shape) {
      // A type has at most 4 bytes an element.
      if (n < 1 || n > Integer.MAX_VALUE || elements > Long.MAX_VALUE / 4 / n) {
        String[] dims =
            Arrays.stream(shape).mapToObj(Long::toUnsignedString).toArray(String[]::new);
        throw refused(name, "has the impossible shape " + Arrays.toString(dims));
      }
      elements *= n;
    }
    return elements;
  }

  private static Map<String, GgufTensor> place(
      GgufInput in, long alignment, Map<String, Claim> claims) throws IOException {
    long start = (in.position() + alignment - 1) / alignment * alignment;
    long there = Math.max(0, in.position() + in.left() - start);
    List<Claim> sorted = new ArrayList<>(claims.values());
    for (Claim c : sorted) {
      if (c.offset < 0 || c.offset > there - c.bytes) {
        throw refused(
            c.name,
            "takes %d bytes from byte %s of the data on, but there are %d: the file is cut short"
                .formatted(c.bytes, Long.toUnsignedString(c.offset), there));
      }
      if (c.offset % alignment != 0) {
        throw refused(
            c.name, "begins at byte " + c.offset + " of the data, no multiple of " + alignment);
      }
    }
    sorted.sort(Comparator.comparingLong(Claim::offset));
    for (int i = 1; i < sorted.size(); i++) {
      if (sorted.get(i).offset < sorted.get(i - 1).end()) {
        throw refused(sorted.get(i).name, "overlaps tensor " + sorted.get(i - 1).name);
      }
    }
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    claims.forEach(
        (name, c) ->
            tensors.put(name, new GgufTensor(name, c.type, c.shape, start + c.offset, c.bytes)));
    return tensors;
  }

  private static IOException refused(String tensor, String reason) {
    return new IOException("tensor " + tensor + " " + reason);
  }
}
