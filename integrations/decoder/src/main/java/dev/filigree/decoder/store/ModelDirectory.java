package dev.filigree.decoder.store;

import dev.filigree.decoder.load.ConfigJson;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.ConfigDifference;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.file.AtomicFile;
import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.ModelFiles;
import dev.filigree.file.PackedDirectory;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Spool;
import dev.filigree.file.Tensor;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes a decoder in the layout of Hugging Face: {@code config.json} and one safetensors file. */
public final class ModelDirectory {
  /** The weights. */
  public static final String WEIGHTS = "model.safetensors";

  private static final String CONFIG = "config.json";

  private ModelDirectory() {}

  /**
   * The same with what is skipped by default, in {@code thresholds.json}: {@code eval}, {@code
   * generate} and {@code compress} take it from there.
   *
   * @param activation {@code CausalDecoder.activation()} for example; not R-Sparse, whose factors
   *     lie in packed directories only
   */
  public static void write(
      Path folder,
      DecoderWeights weights,
      DType type,
      Map<String, byte[]> files,
      ActivationSetting activation) {
    if (activation.remainders() != null) {
      throw new IllegalArgumentException("the factors of R-Sparse are not for a plain directory");
    }
    Map<String, byte[]> all = new LinkedHashMap<>(files);
    StoredActivation.ofDeclared(activation)
        .ifPresent(a -> all.put(PackedDirectory.THRESHOLDS, a.json()));
    write(folder, weights, type, all);
  }

  /**
   * Writes the files, each whole or not at all, over those that are there; thresholds that are not
   * among them go. One tensor at a time is in memory; the disk holds the weights twice while they
   * are written.
   *
   * @param folder is made where it is missing
   * @param type F32, F16 or BF16
   * @param files what goes beside them by name: a tokenizer, for example
   * @throws FiligreeException FIL-0403 where a file cannot be written, FIL-0831 for a shape that
   *     {@code config.json} cannot say, a bias of the output projection alone for example
   */
  public static void write(
      Path folder, DecoderWeights weights, DType type, Map<String, byte[]> files) {
    String config = ConfigJson.text(weights.config());
    ConfigDifference.between(weights.config(), ConfigJson.parse(config, folder))
        .ifPresent(
            d -> {
              throw new FiligreeException(Message.FIL_0831, d.part(), d.first(), d.second());
            });
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0403, folder, e.getMessage());
    }
    if (Files.exists(folder.resolve(ModelFiles.INDEX))) {
      throw new FiligreeException(
          Message.FIL_0403, folder, "its " + ModelFiles.INDEX + " belongs to another model");
    }
    try (Spool spool = Spool.beside(folder.resolve(WEIGHTS))) {
      List<Tensor> tensors = new ArrayList<>();
      TensorShapes.of(weights.config())
          .forEach((name, shape) -> tensors.add(stored(spool, weights, name, shape, type)));
      SafetensorsWriter.write(folder.resolve(WEIGHTS), tensors, Map.of("format", "pt"));
    }
    AtomicFile.write(folder.resolve(CONFIG), config);
    if (!files.containsKey(PackedDirectory.THRESHOLDS)) {
      withoutThresholds(folder);
    }
    files.forEach(
        (name, bytes) ->
            AtomicFile.write(
                folder.resolve(name),
                out -> {
                  ByteBuffer left = ByteBuffer.wrap(bytes);
                  while (left.hasRemaining()) {
                    out.write(left);
                  }
                }));
  }

  /** Thresholds of the weights that were there before would be wrong for these. */
  private static void withoutThresholds(Path folder) {
    try {
      Files.deleteIfExists(folder.resolve(PackedDirectory.THRESHOLDS));
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0403, folder, e.getMessage());
    }
  }

  private static Tensor stored(
      Spool spool, DecoderWeights weights, String name, long[] shape, DType type) {
    return Tensors.borrowing(
        () ->
            spool.add(
                name,
                type,
                shape,
                List.of(FloatTensor.encode(name, type, weights.floats(name).asFloatBuffer()))));
  }
}
