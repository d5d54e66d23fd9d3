package dev.filigree.decoder.load;

import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens a model, whatever kind of file it is. */
public final class DecoderFiles {
  private DecoderFiles() {}

  /**
   * Opens a model; its tensors are mapped, not read.
   *
   * @param path a directory with {@code config.json} and safetensors, or a llama2.c {@code .bin}
   * @throws FiligreeException FIL-0709 where there is nothing, and as the kinds of file say
   */
  public static DecoderWeights open(Path path) {
    if (!Files.exists(path)) {
      throw new FiligreeException(Message.FIL_0709, path);
    }
    return Files.isDirectory(path) ? HuggingFaceModel.open(path) : Llama2cModel.open(path);
  }
}
