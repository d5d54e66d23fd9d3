package dev.filigree.testing;

import static org.junit.jupiter.api.Assumptions.abort;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Golden values from the folder {@code shared} beside the repository, where there is one. */
public final class Fixtures {
  private Fixtures() {}

  /** Skips the test, loudly, where the file is absent. */
  public static JsonObject read(String name) {
    for (Path dir = Path.of(System.getProperty("user.dir")).toAbsolutePath();
        dir != null;
        dir = dir.getParent()) {
      Path file = dir.resolve("shared").resolve("fixtures").resolve(name);
      if (Files.isRegularFile(file)) {
        try (Reader reader = Files.newBufferedReader(file)) {
          return JsonParser.parseReader(reader).getAsJsonObject();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
    System.err.println("SKIPPED: no shared/fixtures/" + name + " beside the repository");
    return abort("shared/fixtures/" + name + " is absent");
  }

  /** A matrix as one row-major buffer. */
  public static FloatBuffer matrix(JsonArray rows) {
    int cols = rows.get(0).getAsJsonArray().size();
    FloatBuffer out = FloatBuffer.allocate(rows.size() * cols);
    rows.forEach(row -> row.getAsJsonArray().forEach(v -> out.put(v.getAsFloat())));
    return out.flip();
  }

  public static double[] doubles(JsonArray values) {
    double[] out = new double[values.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = values.get(i).getAsDouble();
    }
    return out;
  }
}
