package dev.filigree.benchmarks.rivals;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.KvBufferCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;

/** Jlama. It has products of F32, BF16 and Q4 weights; int8 is a type of activations there. */
@SuppressWarnings("rawtypes") // Jlama itself leaves out the types of its tensors
final class JlamaContestant implements Contestant {
  private final AbstractModel model;
  private final KvBufferCache caches;

  /**
   * Loads a model.
   *
   * @param folder with safetensors
   */
  JlamaContestant(Path folder, int threads) {
    // Activations in F32, and I8 beside Q4 weights, are what Jlama's own command line asks for.
    this.model =
        ModelSupport.loadModel(
            folder.toFile(), null, DType.F32, DType.I8, Optional.empty(), Optional.of(threads));
    this.caches = new KvBufferCache(model);
  }

  /**
   * Writes a model with Q4 matrices, all but the norms, as Jlama's own command does.
   *
   * @param from with safetensors, {@code tokenizer.json} and {@code README.md}
   * @param to replaced if it is there
   */
  static void quantise(Path from, Path to) throws IOException {
    for (String file : List.of("config.json", "tokenizer.json", "README.md", "model.safetensors")) {
      Files.deleteIfExists(to.resolve(file));
    }
    SafeTensorSupport.quantizeModel(
        from, DType.Q4, new String[] {"norm"}, /* dropLayerPrefixes= */ null, Optional.of(to));
  }

  @Override
  public void generate(int[] prompt, int steps, IntConsumer onId) {
    try (KvBufferCache.KvBuffer cache = caches.getEphemeralKvBuffer();
        AbstractTensor logits = model.makeDenseTensor(model.getConfig().vocabularySize)) {
      int id;
      try (AbstractTensor all = model.batchForward(prompt, 0, cache)) {
        id = model.sample(all.slice(all.shape().first() - 1), 0, 0, logits);
      }
      onId.accept(id);
      for (int s = 1; s < steps; s++) {
        try (AbstractTensor out =
            model.forward(id, prompt.length + s - 1, cache, Optional.empty())) {
          id = model.sample(out, 0, 0, logits);
        }
        onId.accept(id);
      }
    }
  }

  @Override
  public OptionalDouble loss(int[] ids) {
    int n = ids.length - 1;
    double sum = 0;
    try (KvBufferCache.KvBuffer cache = caches.getEphemeralKvBuffer();
        AbstractTensor all = model.batchForward(Arrays.copyOf(ids, n), 0, cache)) {
      for (int i = 0; i < n; i++) {
        // What it calls logits are probabilities.
        sum -= Math.log(model.getLogits(all.slice(i))[ids[i + 1]]);
      }
    }
    return OptionalDouble.of(sum / n);
  }

  @Override
  public void close() {
    model.close();
  }
}
