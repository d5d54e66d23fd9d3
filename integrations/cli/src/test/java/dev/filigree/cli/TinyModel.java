package dev.filigree.cli;

import static org.junit.jupiter.api.Assumptions.abort;

import dev.filigree.decoder.load.ConfigJson;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Small models and ids for tests of the commands on language models. */
final class TinyModel {
  static final long SEED = 11;

  private TinyModel() {}

  /** Random weights, as {@code generate --random-model tiny} has them. */
  static DecoderWeights weights() {
    return RandomModel.of("tiny", SEED);
  }

  /** Writes a directory in the layout of Hugging Face. */
  static Path write(Path folder, DType type) {
    try {
      Files.createDirectories(folder);
      write(folder.resolve("model.safetensors"), type, names());
      Files.writeString(folder.resolve("config.json"), ConfigJson.text(weights().config()));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same in two files with an index. */
  static Path writeSharded(Path folder, DType type) {
    write(folder, type);
    try {
      Files.delete(folder.resolve("model.safetensors"));
      List<String> names = names();
      int half = names.size() / 2;
      write(folder.resolve("a.safetensors"), type, names.subList(0, half));
      write(folder.resolve("b.safetensors"), type, names.subList(half, names.size()));
      StringBuilder map = new StringBuilder();
      for (int i = 0; i < names.size(); i++) {
        map.append(i == 0 ? "" : ",")
            .append('"' + names.get(i) + "\":\"" + (i < half ? "a" : "b") + ".safetensors\"");
      }
      Files.writeString(
          folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{" + map + "}}");
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> names() {
    return new ArrayList<>(TensorShapes.of(weights().config()).keySet());
  }

  private static void write(Path file, DType type, List<String> names) {
    Map<String, long[]> shapes = TensorShapes.of(weights().config());
    List<Tensor> tensors = new ArrayList<>();
    for (String name : names) {
      tensors.add(
          Tensor.of(
              name,
              type,
              shapes.get(name),
              FloatTensor.encode(name, type, weights().floats(name).asFloatBuffer())));
    }
    SafetensorsWriter.write(file, tensors, Map.of());
  }

  /** A file of random sequences. */
  static Path ids(Path file, long seed, int sequences, int length) {
    SplittableRandom random = new SplittableRandom(seed);
    List<List<Integer>> all = new ArrayList<>();
    for (int s = 0; s < sequences; s++) {
      all.add(random.ints(length, 0, 512).boxed().toList());
    }
    try {
      return Files.writeString(file, all.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A file of the folder {@code shared} beside the repository; skips the test where it is absent.
   */
  static Path shared(String name) {
    for (Path dir = Path.of("").toAbsolutePath(); dir != null; dir = dir.getParent()) {
      Path file = dir.resolve("shared").resolve(name);
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    System.err.println("SKIPPED: no shared/" + name + " beside the repository");
    return abort("shared/" + name + " is absent");
  }
}
