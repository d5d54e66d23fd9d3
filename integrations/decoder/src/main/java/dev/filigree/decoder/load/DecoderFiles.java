package dev.filigree.decoder.load;

import dev.filigree.decoder.gguf.GgufFile;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.file.PackedDirectory;
import dev.filigree.file.Receipt;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens a model, whatever kind of file it is. */
public final class DecoderFiles {
  private DecoderFiles() {}

  /**
   * Opens a model; its tensors are read when they are asked for.
   *
   * @param path a directory with {@code config.json} and safetensors, a packed directory, a GGUF
   *     file, or a llama2.c {@code .bin}
   * @throws FiligreeException FIL-0709 where there is nothing, and as the kinds of file say
   */
  public static DecoderWeights open(Path path) {
    if (!Files.exists(path)) {
      throw new FiligreeException(Message.FIL_0709, path);
    }
    if (!Files.isDirectory(path)) {
      return GgufFile.isOne(path) ? GgufModel.open(path) : Llama2cModel.open(path);
    }
    return PackedDirectory.isOne(path) ? PackedModel.open(path) : HuggingFaceModel.open(path);
  }

  /**
   * What was done to a model before, as its files say; empty where they say nothing.
   *
   * @throws FiligreeException FIL-0430 where it cannot be understood
   */
  public static Receipt receipt(DecoderWeights weights) {
    if (weights instanceof PackedModel packed) {
      return packed.folder().receipt();
    }
    return weights instanceof HuggingFaceModel plain ? plain.receipt() : Receipt.empty();
  }
}
