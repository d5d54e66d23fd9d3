package dev.filigree.benchmarks.rivals;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.LlamaOutput;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.LogFormat;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;

/** llama.cpp by its Java binding, which takes and gives text. */
final class LlamaCppContestant implements Contestant {
  private final LlamaModel model;

  /**
   * Loads a model.
   *
   * @param file GGUF
   * @param context most positions
   */
  LlamaCppContestant(Path file, int context, int threads) {
    LlamaModel.setLogger(LogFormat.TEXT, (level, message) -> {});
    this.model =
        new LlamaModel(
            new ModelParameters()
                .setModel(file.toString())
                .setThreads(threads)
                .setThreadsBatch(threads)
                .setCtxSize(context)
                .setParallel(1)
                .setGpuLayers(0));
  }

  @Override
  public void generate(int[] prompt, int steps, IntConsumer onId) {
    InferenceParameters request =
        new InferenceParameters(Vocabulary.text(prompt))
            .setNPredict(steps)
            .setTemperature(0)
            .setIgnoreEos(true)
            .setCachePrompt(false);
    for (LlamaOutput out : model.generate(request)) {
      for (int id : Vocabulary.ids(out.text)) {
        onId.accept(id);
      }
    }
  }

  /** Empty: this version of the binding aborts the process when it is asked for probabilities. */
  @Override
  public OptionalDouble loss(int[] ids) {
    return OptionalDouble.empty();
  }

  @Override
  public void close() {
    model.close();
  }
}
