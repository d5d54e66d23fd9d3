package dev.filigree.decoder.load;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.IoReason;
import dev.filigree.file.ModelFiles;
import dev.filigree.file.Receipt;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.Tensor;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A directory with {@code config.json} and safetensors of type F32, F16 or BF16. Tensors are read
 * one by one, when they are asked for.
 */
final class HuggingFaceModel implements DecoderWeights {
  private static final String CONFIG = "config.json";

  private final DecoderConfig config;
  private final ModelFiles files;

  private HuggingFaceModel(DecoderConfig config, ModelFiles files) {
    this.config = config;
    this.files = files;
  }

  /**
   * Opens a directory.
   *
   * @throws FiligreeException FIL-0404, FIL-0401 and FIL-0429 for its files, FIL-0701 and FIL-0702
   *     for its configuration, FIL-0704 to FIL-0706 for its tensors, FIL-0707 where there are none
   */
  static HuggingFaceModel open(Path folder) {
    DecoderConfig config = readConfig(folder);
    ModelFiles files = ModelFiles.open(weights(folder));
    Map<String, long[]> shapes = new LinkedHashMap<>();
    files.tensors().forEach(t -> shapes.put(t.name(), t.shape()));
    TensorShapes.check(folder, config, shapes);
    return new HuggingFaceModel(config, files);
  }

  static DecoderConfig readConfig(Path folder) {
    Path file = folder.resolve(CONFIG);
    try {
      DecoderConfig config = ConfigJson.parse(Files.readString(file), file);
      Path generation = folder.resolve(GenerationConfig.NAME);
      return Files.isRegularFile(generation)
          ? GenerationConfig.addTo(config, Files.readString(generation), generation)
          : config;
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0707, folder, "no readable " + CONFIG);
    }
  }

  private static Path weights(Path folder) {
    if (Files.exists(folder.resolve(ModelFiles.INDEX))) {
      return folder;
    }
    try (Stream<Path> there = Files.list(folder)) {
      List<Path> found =
          there.filter(f -> f.getFileName().toString().endsWith(".safetensors")).sorted().toList();
      if (found.size() != 1) {
        throw new FiligreeException(
            Message.FIL_0707,
            folder,
            found.isEmpty()
                ? "no .safetensors file"
                : found.size() + " .safetensors files but no " + ModelFiles.INDEX);
      }
      return found.get(0);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, folder, IoReason.of(e));
    }
  }

  @Override
  public DecoderConfig config() {
    return config;
  }

  @Override
  public ByteBuffer floats(String name) {
    ByteBuffer out = AlignedMemory.allocate(Math.toIntExact(4 * elements(tensor(name))));
    read(name, out, 0);
    return out;
  }

  @Override
  public int read(String name, ByteBuffer to, int at) {
    Tensor tensor = tensor(name);
    long elements = elements(tensor);
    SafetensorsFile file = files.fileOf(name).orElseThrow();
    FileFloats.read(file.path(), file.offset(name), tensor.dtype(), (int) elements, to, at);
    return (int) (4 * elements);
  }

  private Tensor tensor(String name) {
    return files.tensor(name).orElseThrow(() -> new IllegalArgumentException("no tensor " + name));
  }

  /** The elements of a tensor that fits into one array. */
  private static long elements(Tensor tensor) {
    long elements = FloatTensor.of(tensor).size();
    if (4 * elements > FileFloats.MOST_BYTES) {
      throw new FiligreeException(Message.FIL_0312, tensor.name(), elements);
    }
    return elements;
  }

  Receipt receipt() {
    return Receipt.in(files.metadata(), files.path());
  }
}
