package dev.filigree.djl.weave;

import ai.djl.Model;
import dev.filigree.djl.train.TrainingHook;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A side file beside {@code .params} that were saved while a straight-through method held latent
 * weights.
 */
final class LatentCheckpoint {
  private static final Logger LOG = LoggerFactory.getLogger(LatentCheckpoint.class);

  /** Unmistakably ours, because such a file is deleted again. */
  private static final String SUFFIX = ".filigree-latent";

  private LatentCheckpoint() {}

  static void saved(Model model, Path directory, String name) {
    Path side =
        directory.resolve((name == null || name.isEmpty() ? model.getName() : name) + SUFFIX);
    try {
      if (TrainingHook.isLatent(model.getBlock())) {
        Files.writeString(side, Message.FIL_0207.text(side.getFileName()) + "\n");
      } else {
        Files.deleteIfExists(side);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void warnIfLoaded(Model model) {
    Path from = model.getModelPath();
    if (from != null && !TrainingHook.isLatent(model.getBlock())) {
      Path side = from.resolve(model.getName() + SUFFIX);
      if (Files.exists(side)) {
        LOG.warn(Message.FIL_0207.text(side));
      }
    }
  }
}
