package dev.filigree.samples.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.store.StoredActivation;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.kernel.Activation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A few steps: what is written is what was trained, and sparse where that was asked for. */
class TrainLanguageModelTest {
  private static final int STEPS = 12;

  private static double train(Path folder, boolean sparse, ByteArrayOutputStream said) {
    TrainLanguageModel.Options options =
        new TrainLanguageModel.Options(folder, Optional.empty(), ModelSize.SMALL, STEPS, sparse, 5);
    return TrainLanguageModel.run(options, new PrintStream(said, true, StandardCharsets.UTF_8));
  }

  @Test
  void theServingDecoderHasTheLossThatTrainingPrinted(@TempDir Path folder) throws IOException {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    double trained = train(folder, false, said);
    assertThat(trained).isLessThan(6);
    assertThat(said.toString(StandardCharsets.UTF_8))
        .contains("small, 853,120 parameters, feed-forward dense")
        .contains("step     1  loss 6.")
        .contains("step    12  loss")
        .contains("wrote " + folder);
    assertThat(loss(folder)).isCloseTo(trained, within(1e-3));
    assertThat(Files.readString(folder.resolve(TrainLanguageModel.CALIBRATION))).startsWith("[[0,");
  }

  /** ReLU in place of SiLU, from the weights of a model with SiLU, with and without lambda. */
  @Test
  void reluSubstitutionWithItsRegulariser(@TempDir Path folder) throws IOException {
    Path silu = folder.resolve("silu");
    train(silu, false, new ByteArrayOutputStream());
    double[] trained = new double[2];
    for (int i = 0; i < 2; i++) {
      Path out = folder.resolve("relu" + i);
      TrainLanguageModel.Options options =
          new TrainLanguageModel.Options(
              out,
              Optional.empty(),
              ModelSize.SMALL,
              STEPS,
              false,
              true,
              i == 0 ? List.of() : List.of(0.0, 5.0),
              Optional.of(silu),
              5);
      ByteArrayOutputStream said = new ByteArrayOutputStream();
      trained[i] =
          TrainLanguageModel.run(options, new PrintStream(said, true, StandardCharsets.UTF_8));
      assertThat(said.toString(StandardCharsets.UTF_8))
          .contains(i == 0 ? "feed-forward ReLU;" : "feed-forward ReLU, lambda 0.0, 5.0;");
      assertThat(DecoderFiles.open(out).config().activation()).isEqualTo(Activation.RELU);
      assertThat(loss(out)).isCloseTo(trained[i], within(1e-3));
      // What its blocks declare is what is skipped by default.
      assertThat(StoredActivation.of(out, DecoderFiles.open(out)).orElseThrow().setting().text(":"))
          .isEqualTo("relu");
    }
    assertThat(trained[1]).as("the regulariser was there").isNotEqualTo(trained[0]);
  }

  /** The mean over the first windows of the text held out, as training judges. */
  private static double loss(Path folder) throws IOException {
    DecoderWeights weights = DecoderFiles.open(folder);
    String text = Files.readString(folder.resolve(TrainLanguageModel.HELD_OUT));
    int[] ids;
    try (Tokenizer tokenizer =
        Tokenizer.open(folder.resolve("tokenizer.json"), weights.config().vocab())) {
      ids = tokenizer.encode(text).stream().mapToInt(Integer::intValue).toArray();
    }
    int window = ModelSize.SMALL.window();
    List<int[]> sequences = new TextData(ids, ids, window).judged(32);
    double[] sum = new double[1];
    try (PackedDecoder packed = PackedDecoder.pack(weights, PackSettings.DENSE)) {
      for (int[] s : sequences) {
        packed
            .newSession(SessionSettings.dense(window))
            .feed(
                Arrays.copyOf(s, window),
                (i, logits, at) -> sum[0] += loss(logits, at, packed.config().vocab(), s[i + 1]));
      }
    }
    return sum[0] / sequences.size() / window;
  }

  private static double loss(FloatBuffer logits, int at, int vocab, int id) {
    double all = 0;
    for (int v = 0; v < vocab; v++) {
      all += Math.exp(logits.get(at + v));
    }
    return Math.log(all) - logits.get(at + id);
  }

  @Test
  void twoOfFourWeightsAreLeftInTheFeedForward(@TempDir Path folder) {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    train(folder, true, said);
    DecoderWeights weights = DecoderFiles.open(folder);
    assertThat(said.toString(StandardCharsets.UTF_8)).contains("CATS is not calibrated");
    assertThat(StoredActivation.of(folder, weights)).isEmpty();
    for (int l = 0; l < weights.config().layers(); l++) {
      for (Projection p : Projection.values()) {
        boolean sparse = List.of(Projection.GATE, Projection.UP, Projection.DOWN).contains(p);
        FloatBuffer values = weights.floats(p.weight(l)).asFloatBuffer();
        int zeros = 0;
        for (int group = 0; group < values.limit(); group += 4) {
          int here = 0;
          for (int i = 0; i < 4; i++) {
            here += values.get(group + i) == 0 ? 1 : 0;
          }
          zeros += here;
          assertThat(here).as("%s %s", p, group).isEqualTo(sparse ? 2 : 0);
        }
        assertThat(zeros).isEqualTo(sparse ? values.limit() / 2 : 0);
      }
    }
  }

  @Test
  void aTextThatIsTooShortIsRefused(@TempDir Path folder) throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "Once upon a time. ".repeat(20));
    TrainLanguageModel.Options options =
        new TrainLanguageModel.Options(
            folder.resolve("model"), Optional.of(text), ModelSize.SMALL, 1, false, 0);
    assertThatThrownBy(
            () -> TrainLanguageModel.run(options, new PrintStream(new ByteArrayOutputStream())))
        .hasMessageContaining("FIL-0832");
  }
}
