package dev.filigree.file;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Receipts as JSON. */
final class ReceiptJson {
  // The receipt, its steps, a step, its data, one of them.
  private static final int NESTING = 5;

  private ReceiptJson() {}

  static String write(Receipt receipt) {
    return StrictJson.write(
        json -> {
          json.beginObject().name("version").value(Receipt.VERSION).name("steps").beginArray();
          for (ReceiptStep step : receipt.steps()) {
            write(json, step);
          }
          json.endArray().name("files");
          write(json, receipt.files());
          json.endObject();
        });
  }

  private static void write(JsonWriter json, ReceiptStep step) throws IOException {
    json.beginObject().name("name").value(step.name()).name("plan");
    write(json, step.plan());
    if (step.seed().isPresent()) {
      json.name("seed").value(Long.toString(step.seed().getAsLong()));
    }
    json.name("data").beginArray();
    for (DataDigest d : step.data()) {
      json.beginObject().name("role").value(d.role().name().toLowerCase(Locale.ROOT));
      json.name("name").value(d.name()).name("sha256").value(d.sha256()).endObject();
    }
    json.endArray().name("chooses_masks").value(step.choosesMasks()).name("masks");
    write(json, step.masks());
    json.name("evaluations").beginArray();
    for (Evaluation e : step.evaluations()) {
      json.beginObject().name("metric").value(e.metric());
      if (e.before().isPresent()) {
        json.name("before").value(e.before().getAsDouble());
      }
      if (e.after().isPresent()) {
        json.name("after").value(e.after().getAsDouble());
      }
      json.endObject();
    }
    json.endArray();
    if (step.overlap().isPresent()) {
      json.name("overlap").value(step.overlap().getAsDouble());
    }
    json.endObject();
  }

  private static void write(JsonWriter json, Map<String, String> texts) throws IOException {
    json.beginObject();
    for (Map.Entry<String, String> e : texts.entrySet()) {
      json.name(e.getKey()).value(e.getValue());
    }
    json.endObject();
  }

  static Receipt read(String text) throws IOException {
    ReceiptFields fields = new ReceiptFields();
    StrictJson.readObject(text, NESTING, fields);
    return fields.receipt();
  }

  private static Map<String, String> texts(JsonReader json) throws IOException {
    Map<String, String> out = new LinkedHashMap<>();
    StrictJson.readObject(json, (key, j) -> out.put(key, StrictJson.text(j)));
    return out;
  }

  /** Reads one element of an array. */
  private interface Element {
    void read(JsonReader json) throws IOException;
  }

  private static void array(JsonReader json, Element element) throws IOException {
    StrictJson.expect(json, JsonToken.BEGIN_ARRAY, "an array");
    json.beginArray();
    while (json.hasNext()) {
      element.read(json);
    }
    json.endArray();
  }

  private static double number(JsonReader json) throws IOException {
    StrictJson.expect(json, JsonToken.NUMBER, "a number");
    return json.nextDouble();
  }

  private static MalformedJsonException unknown(String field) {
    return new MalformedJsonException("the field " + field + " is unknown");
  }

  private static String present(String value, String field) throws IOException {
    if (value == null) {
      throw new MalformedJsonException(field + " is missing");
    }
    return value;
  }

  /** The fields of a receipt as they come. */
  private static final class ReceiptFields implements StrictJson.Field {
    private long version = -1;
    private final List<ReceiptStep> steps = new ArrayList<>();
    private Map<String, String> files = Map.of();

    @Override
    public void read(String name, JsonReader json) throws IOException {
      switch (name) {
        case "version" -> {
          version = StrictJson.count(json);
          if (version != Receipt.VERSION) {
            throw new MalformedJsonException(
                "its version is " + version + ", this reads version " + Receipt.VERSION);
          }
        }
        case "steps" ->
            array(
                json,
                j -> {
                  StepFields step = new StepFields();
                  StrictJson.readObject(j, step);
                  steps.add(step.step());
                });
        case "files" -> files = texts(json);
        default -> throw unknown(name);
      }
    }

    Receipt receipt() throws IOException {
      if (version < 0) {
        throw new MalformedJsonException("version is missing");
      }
      return new Receipt(steps, files);
    }
  }

  /** The fields of a step as they come. */
  private static final class StepFields implements StrictJson.Field {
    private String title;
    private Map<String, String> plan = Map.of();
    private OptionalLong seed = OptionalLong.empty();
    private final List<DataDigest> data = new ArrayList<>();
    private boolean choosesMasks;
    private Map<String, String> masks = Map.of();
    private final List<Evaluation> evaluations = new ArrayList<>();
    private OptionalDouble overlap = OptionalDouble.empty();

    @Override
    public void read(String name, JsonReader json) throws IOException {
      switch (name) {
        case "name" -> title = StrictJson.text(json);
        case "plan" -> plan = texts(json);
        case "seed" -> seed = OptionalLong.of(Long.parseLong(StrictJson.text(json)));
        case "data" -> array(json, j -> data.add(datum(j)));
        case "chooses_masks" -> {
          StrictJson.expect(json, JsonToken.BOOLEAN, "true or false");
          choosesMasks = json.nextBoolean();
        }
        case "masks" -> masks = texts(json);
        case "evaluations" -> array(json, j -> evaluations.add(evaluation(j)));
        case "overlap" -> overlap = OptionalDouble.of(number(json));
        default -> throw unknown(name);
      }
    }

    private static DataDigest datum(JsonReader json) throws IOException {
      Map<String, String> fields = texts(json);
      String role = present(fields.get("role"), "role").toUpperCase(Locale.ROOT);
      return new DataDigest(
          DataDigest.Role.valueOf(role),
          present(fields.get("name"), "name"),
          present(fields.get("sha256"), "sha256"));
    }

    private static Evaluation evaluation(JsonReader json) throws IOException {
      String[] metric = new String[1];
      OptionalDouble[] values = {OptionalDouble.empty(), OptionalDouble.empty()};
      StrictJson.readObject(
          json,
          (name, j) -> {
            switch (name) {
              case "metric" -> metric[0] = StrictJson.text(j);
              case "before" -> values[0] = OptionalDouble.of(number(j));
              case "after" -> values[1] = OptionalDouble.of(number(j));
              default -> throw unknown(name);
            }
          });
      return new Evaluation(present(metric[0], "metric"), values[0], values[1]);
    }

    ReceiptStep step() throws IOException {
      return new ReceiptStep(
          present(title, "name"), plan, seed, data, choosesMasks, masks, evaluations, overlap);
    }
  }
}
