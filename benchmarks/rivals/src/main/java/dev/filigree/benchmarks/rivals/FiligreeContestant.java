package dev.filigree.benchmarks.rivals;

import dev.filigree.decoder.load.PackedModel;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.serve.SessionSettings.Scope;
import dev.filigree.decoder.store.MappedDecoder;
import dev.filigree.decoder.store.StoredActivation;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;

/** This library. */
final class FiligreeContestant implements Contestant {
  private final PackedDecoder model;
  private final ActivationSetting activation;
  private final int vocab;

  /**
   * Opens a packed model; what it skips is what its directory says.
   *
   * @param folder as {@code compress} writes it
   */
  FiligreeContestant(Path folder) {
    PackedModel packed = PackedModel.open(folder);
    this.activation =
        StoredActivation.of(packed).map(StoredActivation::setting).orElse(ActivationSetting.NONE);
    this.model = MappedDecoder.open(packed, activation);
    this.vocab = model.config().vocab();
  }

  @Override
  public void generate(int[] prompt, int steps, IntConsumer onId) {
    DecoderSession session =
        model.newSession(new SessionSettings(prompt.length + steps, activation, Scope.DECODE, 0));
    FloatBuffer logits = session.feed(prompt);
    for (int s = 1; ; s++) {
      int id = Likelihood.best(logits::get, vocab);
      onId.accept(id);
      if (s == steps) {
        return;
      }
      logits = session.feed(id);
    }
  }

  @Override
  public OptionalDouble loss(int[] ids) {
    DecoderSession session =
        model.newSession(new SessionSettings(ids.length, activation, Scope.ALL, 0));
    double[] sum = {0};
    session.feed(
        Arrays.copyOf(ids, ids.length - 1),
        (i, logits, at) ->
            sum[0] += Likelihood.negativeLog(id -> logits.get(at + id), vocab, ids[i + 1]));
    return OptionalDouble.of(sum[0] / (ids.length - 1));
  }

  @Override
  public void close() {
    model.close();
  }
}
