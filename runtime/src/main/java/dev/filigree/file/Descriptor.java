package dev.filigree.file;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What the parts of a packed matrix mean.
 *
 * @param format the storage format, as {@code PackedMatrix.format()} names it
 * @param rows outputs
 * @param cols inputs
 * @param dtype type of the dense matrix it was made from
 * @param pattern as the command line writes it: {@code 2:4}, {@code unstructured}, {@code
 *     block:4x1} ...
 * @param sparsity fraction the mask removes, 0 to 1
 * @param maskSha256 digest of the mask, 64 lower-case hex digits
 * @param attributes what else a format or a tool wants to know again
 */
public record Descriptor(
    String format,
    int rows,
    int cols,
    DType dtype,
    String pattern,
    double sparsity,
    String maskSha256,
    Map<String, String> attributes) {
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

  /** Copies the attributes, whose order is kept, and checks the values. */
  public Descriptor {
    attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
    if (rows < 0 || cols < 0) {
      throw new IllegalArgumentException(rows + " rows, " + cols + " columns");
    }
    if (!(sparsity >= 0 && sparsity <= 1)) {
      throw new IllegalArgumentException("sparsity " + sparsity);
    }
    if (!DIGEST.matcher(maskSha256).matches()) {
      throw new IllegalArgumentException("mask digest " + maskSha256);
    }
  }

  /**
   * A descriptor with where its parts are.
   *
   * @param prefix what stands before the suffix in a part's name
   * @param order suffixes of the parts
   */
  record Stored(Descriptor descriptor, int version, String prefix, List<String> order) {
    String partName(String suffix) {
      return prefix + "." + suffix;
    }

    String toJson() {
      return StrictJson.write(this::write);
    }

    private void write(JsonWriter json) throws IOException {
      Descriptor d = descriptor;
      json.beginObject();
      json.name("format").value(d.format).name("version").value(version);
      json.name("rows").value(d.rows).name("cols").value(d.cols);
      json.name("dtype").value(d.dtype.name());
      json.name("pattern").value(d.pattern).name("sparsity").value(d.sparsity);
      json.name("mask_sha256").value(d.maskSha256);
      json.name("prefix").value(prefix).name("order").beginArray();
      for (String suffix : order) {
        json.value(suffix);
      }
      json.endArray().name("attributes").beginObject();
      for (Map.Entry<String, String> e : d.attributes.entrySet()) {
        json.name(e.getKey()).value(e.getValue());
      }
      json.endObject().endObject();
    }
  }

  /**
   * @throws IOException with the reason where the text is no descriptor
   */
  static Stored parse(String text) throws IOException {
    Fields fields = new Fields();
    try {
      StrictJson.readObject(text, 2, fields);
      return fields.stored();
    } catch (IllegalStateException | IllegalArgumentException e) {
      throw new MalformedJsonException(String.valueOf(e.getMessage()), e);
    }
  }

  /** The fields as they come. */
  private static final class Fields implements StrictJson.Field {
    private final Map<String, String> texts = new LinkedHashMap<>();
    private final Map<String, Long> counts = new LinkedHashMap<>();
    private final Map<String, String> attributes = new LinkedHashMap<>();
    private double sparsity = Double.NaN;
    private List<String> order;

    @Override
    public void read(String name, JsonReader json) throws IOException {
      switch (name) {
        case "format", "dtype", "pattern", "mask_sha256", "prefix" ->
            texts.put(name, StrictJson.text(json));
        case "version", "rows", "cols" -> counts.put(name, StrictJson.count(json));
        case "sparsity" -> {
          StrictJson.expect(json, JsonToken.NUMBER, "a number");
          sparsity = json.nextDouble();
        }
        case "order" -> order = StrictJson.texts(json);
        case "attributes" ->
            StrictJson.readObject(json, (key, j) -> attributes.put(key, StrictJson.text(j)));
        default -> throw new MalformedJsonException("the field " + name + " is unknown");
      }
    }

    Stored stored() throws IOException {
      if (order == null) {
        throw new MalformedJsonException("order is missing");
      }
      String type = text("dtype");
      Descriptor descriptor =
          new Descriptor(
              text("format"),
              count("rows"),
              count("cols"),
              DType.byName(type)
                  .orElseThrow(
                      () -> new MalformedJsonException("the type " + type + " is unknown")),
              text("pattern"),
              sparsity,
              text("mask_sha256"),
              attributes);
      return new Stored(descriptor, count("version"), text("prefix"), order);
    }

    private String text(String name) throws IOException {
      String value = texts.get(name);
      if (value == null) {
        throw new MalformedJsonException(name + " is missing");
      }
      return value;
    }

    private int count(String name) throws IOException {
      Long value = counts.get(name);
      if (value == null || value > Integer.MAX_VALUE) {
        throw new MalformedJsonException(name + " is " + (value == null ? "missing" : value));
      }
      return value.intValue();
    }
  }
}
