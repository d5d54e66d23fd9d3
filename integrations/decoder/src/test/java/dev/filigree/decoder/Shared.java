package dev.filigree.decoder;

import static org.junit.jupiter.api.Assumptions.abort;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Files of the folder {@code shared} beside the repository, where there is one. */
final class Shared {
  private Shared() {}

  /** Skips the test, loudly, where the file is absent. */
  static Path file(String name) {
    for (Path dir = Path.of(System.getProperty("user.dir")).toAbsolutePath();
        dir != null;
        dir = dir.getParent()) {
      Path file = dir.resolve("shared").resolve(name);
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    System.err.println("SKIPPED: no shared/" + name + " beside the repository");
    return abort("shared/" + name + " is absent");
  }

  static JsonObject json(String name) {
    try {
      return JsonParser.parseString(Files.readString(file(name))).getAsJsonObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<int[]> sequences(JsonArray json) {
    List<int[]> out = new ArrayList<>();
    json.forEach(s -> out.add(ids(s.getAsJsonArray())));
    return out;
  }

  static int[] ids(JsonArray json) {
    int[] out = new int[json.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = json.get(i).getAsInt();
    }
    return out;
  }
}
