package dev.filigree.prune;

import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.Progress;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.Tensor;
import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/** Calibration inputs [tokens][in] in a safetensors file, under the names of the weights. */
final class CalibrationInputs {
  /** Tokens that are read in one go; results do not depend on it. */
  private static final int TOKENS = 256;

  private final SafetensorsFile file;

  private CalibrationInputs(SafetensorsFile file) {
    this.file = file;
  }

  static CalibrationInputs open(Path path) {
    return new CalibrationInputs(SafetensorsFile.open(path));
  }

  /**
   * Checks what can be told without reading.
   *
   * @throws FiligreeException FIL-0631
   */
  void check(Tensor weight) {
    Tensor x = file.tensor(weight.name()).orElse(null);
    long width = weight.shape()[1];
    String problem = null;
    if (x == null) {
      problem = "has no tensor";
    } else if (x.shape().length != 2) {
      problem = "has the shape " + Arrays.toString(x.shape());
    } else if (x.shape()[1] != width) {
      problem = "has rows of " + x.shape()[1] + " inputs";
    } else if (x.shape()[0] == 0) {
      problem = "has no tokens";
    } else if (!FloatTensor.isFloat(x.dtype())) {
      problem = "has the type " + x.dtype();
    }
    if (problem != null) {
      throw refused(weight.name(), problem, width);
    }
  }

  private FiligreeException refused(String layer, String problem, long width) {
    return new FiligreeException(Message.FIL_0631, file.path(), problem, layer, width);
  }

  /** Reads the inputs of a layer once; memory does not grow with the tokens. */
  LayerStatistics statistics(
      String layer, int width, boolean gram, Workers workers, Progress progress) {
    LayerStatistics statistics =
        new LayerStatistics(
            layer,
            width,
            gram ? LayerStatistics.Contents.GRAM : LayerStatistics.Contents.SUMS,
            workers);
    FloatTensor x = FloatTensor.of(file.tensor(layer).orElseThrow());
    long tokens = x.size() / width;
    FloatBuffer block = FloatBuffer.allocate(Math.multiplyExact(TOKENS, width));
    for (long t = 0; t < tokens; t += TOKENS) {
      int count = (int) Math.min(TOKENS, tokens - t);
      block.clear().limit(count * width);
      x.read(t * width, block);
      for (int i = 0; i < block.limit(); i++) {
        if (!Float.isFinite(block.get(i))) {
          throw refused(
              layer,
              "holds %s at token %s, input %s".formatted(block.get(i), t + i / width, i % width),
              width);
        }
      }
      statistics.add(block);
      progress.at("Calibrating " + layer, t + count, tokens);
    }
    return statistics;
  }
}
