package dev.filigree.file;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The header of a safetensors file, checked against everything the format forbids.
 *
 * @param metadata the texts of {@code __metadata__}, in file order
 * @param slots the tensors, in header order
 */
record SafetensorsHeader(Map<String, String> metadata, List<Slot> slots) {
  static final String METADATA = "__metadata__";

  /** Header bytes every reader of the format accepts. */
  static final int MAX_BYTES = 100_000_000;

  // The header, a tensor, its shape.
  private static final int NESTING = 3;

  /**
   * Where a tensor lies.
   *
   * @param begin first byte, counted from the first byte of the data
   * @param end first byte behind it
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Slot(String name, DType dtype, long[] shape, long begin, long end) {
    long bytes() {
      return end - begin;
    }
  }

  /**
   * @param dataBytes bytes of the file behind the header
   * @throws IOException with the reason where the format forbids the header
   */
  static SafetensorsHeader parse(byte[] bytes, long dataBytes) throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    List<Slot> slots = new ArrayList<>();
    try {
      StrictJson.readObject(
          decode(bytes),
          NESTING,
          (name, json) -> {
            if (name.equals(METADATA)) {
              StrictJson.readObject(
                  json, (key, value) -> metadata.put(key, StrictJson.text(value)));
            } else {
              slots.add(slot(name, json, dataBytes));
            }
          });
    } catch (IllegalStateException | NumberFormatException e) {
      throw new MalformedJsonException("its header is malformed: " + e.getMessage(), e);
    }
    checkCoverage(slots, dataBytes);
    return new SafetensorsHeader(
        Collections.unmodifiableMap(metadata), Collections.unmodifiableList(slots));
  }

  private static String decode(byte[] bytes) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedJsonException("its header is not UTF-8", e);
    }
  }

  private static Slot slot(String name, JsonReader json, long dataBytes) throws IOException {
    Fields fields = new Fields(name);
    StrictJson.readObject(json, fields);
    return fields.slot(dataBytes);
  }

  private static void checkCoverage(List<Slot> slots, long dataBytes) throws IOException {
    List<Slot> sorted = inFileOrder(slots);
    long covered = 0;
    String last = "the start";
    for (Slot s : sorted) {
      if (s.begin() < covered) {
        throw refused(s.name(), "overlaps tensor " + last);
      }
      if (s.begin() > covered) {
        throw refused(s.name(), "leaves a hole of " + (s.begin() - covered) + " bytes before it");
      }
      covered = s.end();
      last = s.name();
    }
    if (covered != dataBytes) {
      throw new MalformedJsonException(
          "its last " + (dataBytes - covered) + " bytes belong to no tensor");
    }
  }

  static List<Slot> inFileOrder(List<Slot> slots) {
    List<Slot> sorted = new ArrayList<>(slots);
    sorted.sort(Comparator.comparingLong(Slot::begin).thenComparingLong(Slot::end));
    return sorted;
  }

  private static MalformedJsonException refused(String tensor, String reason) {
    return new MalformedJsonException("tensor " + tensor + " " + reason);
  }

  /** The fields of one tensor as they come. */
  private static final class Fields implements StrictJson.Field {
    private final String tensor;
    private DType dtype;
    private long[] shape;
    private long[] offsets;

    Fields(String tensor) {
      this.tensor = tensor;
    }

    @Override
    public void read(String name, JsonReader json) throws IOException {
      switch (name) {
        case "dtype" -> {
          String text = StrictJson.text(json);
          Optional<DType> type = DType.byName(text);
          dtype = type.orElseThrow(() -> refused(tensor, "has the unknown type " + text));
        }
        case "shape" -> shape = counts(json);
        case "data_offsets" -> offsets = counts(json);
        default -> throw refused(tensor, "has the unknown field " + name);
      }
    }

    private long[] counts(JsonReader json) throws IOException {
      StrictJson.expect(json, JsonToken.BEGIN_ARRAY, "an array");
      long[] values = new long[4];
      int n = 0;
      json.beginArray();
      while (json.hasNext()) {
        if (n == values.length) {
          values = Arrays.copyOf(values, 2 * n);
        }
        values[n++] = StrictJson.count(json);
      }
      json.endArray();
      return Arrays.copyOf(values, n);
    }

    Slot slot(long dataBytes) throws IOException {
      if (dtype == null || shape == null || offsets == null) {
        throw refused(tensor, "lacks dtype, shape or data_offsets");
      }
      if (offsets.length != 2 || offsets[0] > offsets[1]) {
        throw refused(tensor, "has data_offsets " + Arrays.toString(offsets));
      }
      if (offsets[1] > dataBytes) {
        throw refused(
            tensor, "ends at byte " + offsets[1] + " of the data, but there are " + dataBytes);
      }
      long bytes;
      try {
        bytes = dtype.bytes(shape);
      } catch (ArithmeticException e) {
        throw refused(tensor, "has the impossible shape " + Arrays.toString(shape));
      }
      if (bytes != offsets[1] - offsets[0]) {
        throw refused(
            tensor,
            "has %s bytes, but type %s and shape %s need %s"
                .formatted(offsets[1] - offsets[0], dtype, Arrays.toString(shape), bytes));
      }
      return new Slot(tensor, dtype, shape, offsets[0], offsets[1]);
    }
  }
}
