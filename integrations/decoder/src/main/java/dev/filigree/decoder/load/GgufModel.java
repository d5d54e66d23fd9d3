package dev.filigree.decoder.load;

import dev.filigree.decoder.gguf.GgufFile;
import dev.filigree.decoder.gguf.GgufTensor;
import dev.filigree.decoder.gguf.GgufType;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.file.DType;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A decoder in a GGUF file, architecture {@code llama} or {@code qwen2}, tensors of type F32, F16,
 * BF16 or Q8_0. They are read one by one, when they are asked for.
 */
public final class GgufModel implements DecoderWeights {
  private final GgufFile file;
  private final DecoderConfig config;
  private final Map<String, GgufTensor> tensors;

  private GgufModel(GgufFile file, DecoderConfig config, Map<String, GgufTensor> tensors) {
    this.file = file;
    this.config = config;
    this.tensors = tensors;
  }

  /**
   * Opens a file.
   *
   * @throws FiligreeException FIL-0404, FIL-0820 and FIL-0821 for the file, FIL-0822 and FIL-0702
   *     for its metadata, FIL-0704 to FIL-0706 for its tensors
   */
  static GgufModel open(Path path) {
    GgufFile file = GgufFile.open(path);
    DecoderConfig config = GgufConfig.of(file);
    Map<String, long[]> found = new LinkedHashMap<>();
    file.tensors().forEach(t -> found.put(t.name(), t.shape()));
    // Read with the configuration.
    found.remove(GgufNames.ROPE_FACTORS);
    if (config.layers() > found.size()) {
      throw new FiligreeException(
          Message.FIL_0822,
          path,
          "it claims %d blocks and has %d tensors".formatted(config.layers(), found.size()));
    }
    Map<String, String> names = GgufNames.of(config);
    Map<String, long[]> expected = new LinkedHashMap<>();
    TensorShapes.of(config).forEach((name, shape) -> expected.put(names.get(name), shape));
    TensorShapes.check(path, expected, found);
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    names.forEach((name, own) -> tensors.put(name, file.tensor(own).orElseThrow()));
    return new GgufModel(file, config, tensors);
  }

  /** The file. */
  public GgufFile file() {
    return file;
  }

  @Override
  public DecoderConfig config() {
    return config;
  }

  @Override
  public ByteBuffer floats(String name) {
    GgufTensor tensor = tensor(name);
    ByteBuffer out = AlignedMemory.allocate((int) (4 * tensor.elements()));
    read(file, tensor, out, /* at= */ 0);
    return out;
  }

  @Override
  public int read(String name, ByteBuffer to, int at) {
    GgufTensor tensor = tensor(name);
    read(file, tensor, to, at);
    return (int) (4 * tensor.elements());
  }

  /** A tensor that fits into one array. */
  private GgufTensor tensor(String name) {
    GgufTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    if (4 * tensor.elements() > FileFloats.MOST_BYTES) {
      throw new FiligreeException(Message.FIL_0312, tensor.name(), tensor.elements());
    }
    return tensor;
  }

  static void read(GgufFile file, GgufTensor tensor, ByteBuffer to, int at) {
    int elements = (int) tensor.elements();
    if (tensor.type() == GgufType.Q8_0) {
      FileFloats.readQ8(file.path(), tensor.offset(), elements, to, at);
    } else {
      DType type = DType.valueOf(tensor.type().name());
      FileFloats.read(file.path(), tensor.offset(), type, elements, to, at);
    }
  }
}
