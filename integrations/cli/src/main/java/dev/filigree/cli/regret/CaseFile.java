package dev.filigree.cli.regret;

import dev.filigree.cli.bench.LayerSpec;
import dev.filigree.cli.bench.Op;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The list of layers, one a line. */
public final class CaseFile {
  private static final String USUAL = "cases.txt";
  private static final int FIELDS = 6;
  private static final String NONE = "-";

  private CaseFile() {}

  /** The fixed list that comes with Filigree. */
  public static List<LayerSpec> usual() {
    try (InputStream in = CaseFile.class.getResourceAsStream(USUAL)) {
      return parse(USUAL, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The layers of a file.
   *
   * @throws FiligreeException FIL-0750 where it cannot be read, FIL-0751 for a line that is no
   *     layer
   */
  public static List<LayerSpec> read(Path file) {
    List<LayerSpec> layers;
    try {
      layers = parse(file.toString(), Files.readString(file));
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0750, file, e);
    }
    if (layers.isEmpty()) {
      throw new FiligreeException(Message.FIL_0750, file, "it lists no layer");
    }
    return layers;
  }

  private static List<LayerSpec> parse(String name, String text) {
    List<LayerSpec> layers = new ArrayList<>();
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      String content = line.replaceFirst("#.*", "").strip();
      if (!content.isEmpty()) {
        layers.add(layer(name, number, layers.size(), content.split("\\s+", -1)));
      }
    }
    return List.copyOf(layers);
  }

  private static LayerSpec layer(String name, int line, int seed, String[] fields) {
    try {
      if (fields.length != FIELDS) {
        throw new NumberFormatException(fields.length + " fields instead of " + FIELDS);
      }
      return LayerSpec.of(
          new LayerSpec.Arguments(
              Op.LINEAR.label(),
              Integer.parseInt(fields[0]),
              Integer.parseInt(fields[1]),
              Integer.parseInt(fields[2]),
              fields[3],
              fields[4].equals(NONE) ? null : Double.valueOf(fields[4]),
              Double.parseDouble(fields[5]),
              "auto",
              "f32",
              "cold",
              seed));
    } catch (NumberFormatException | FiligreeException e) {
      throw new FiligreeException(e, Message.FIL_0751, name, line, e.getMessage());
    }
  }
}
