package dev.filigree.benchmarks.rivals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is written is what Filigree reads. */
class GgufWriterTest {
  private static final int[] PROMPT = {5, 77, 300, 11, 460, 9};

  private final RandomModel model = RandomModel.of("tiny", /* seed= */ 0);

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource(GgufWriter.Type.class)
  void tensorsComeBackAsPreciseAsTheirType(GgufWriter.Type type) {
    DecoderWeights read = written(type);
    assertThat(read.config().withStops(model.config().stops()))
        .usingRecursiveComparison()
        // No text begins with an id of its own; epsilon is rounded to float.
        .ignoringFields("ropeLayout", "normEpsilon", "bos")
        .isEqualTo(model.config());
    TensorShapes.of(model.config())
        .forEach(
            (name, shape) -> {
              // Query and key are compared by what they compute, below: their rows change places.
              if (!name.contains("q_proj") && !name.contains("k_proj")) {
                close(type, name, shape, model.floats(name).asFloatBuffer(), read);
              }
            });
  }

  private static void close(
      GgufWriter.Type type, String name, long[] shape, FloatBuffer wanted, DecoderWeights read) {
    FloatBuffer found = read.floats(name).asFloatBuffer();
    // No weight of a matrix is larger; F16 has 11 significant bits, Q8_0 rounds to 1/127 of a
    // block's largest one, whose own step is rounded to F16.
    double most = Math.sqrt(3.0 / shape[shape.length - 1]);
    double tolerance =
        switch (type) {
          case F32 -> 0;
          case F16 -> most * 0x1p-11;
          case Q8_0 -> most * (0.5 / 127 + 0x1p-11) * 1.01;
        };
    for (int i = 0; i < wanted.limit(); i++) {
      assertThat((double) found.get(i))
          .as("%s %d", name, i)
          .isEqualTo(wanted.get(i), within(tolerance));
    }
  }

  @Test
  void theModelComputesTheSame() {
    float[] wanted = logits(model);
    float[] found = logits(written(GgufWriter.Type.F32));
    for (int i = 0; i < wanted.length; i++) {
      assertThat(found[i]).as("logit %d", i).isCloseTo(wanted[i], within(1e-4f));
    }
  }

  @Test
  void rowsOfQueryAndKeyAreThoseOfTheOriginalLlama() {
    DecoderWeights read = written(GgufWriter.Type.F32);
    int headDim = model.config().headDim();
    int cols = model.config().dim();
    for (Projection p : new Projection[] {Projection.Q, Projection.K}) {
      FloatBuffer ours = model.floats(p.weight(1)).asFloatBuffer();
      FloatBuffer theirs = read.floats(p.weight(1)).asFloatBuffer();
      for (int i = 0; i < headDim / 2; i++) {
        // Of the second head, the first input.
        assertThat(theirs.get((headDim + 2 * i) * cols)).isEqualTo(ours.get((headDim + i) * cols));
        assertThat(theirs.get((headDim + 2 * i + 1) * cols))
            .isEqualTo(ours.get((headDim + headDim / 2 + i) * cols));
      }
    }
  }

  private DecoderWeights written(GgufWriter.Type type) {
    Path file = folder.resolve(type + ".gguf");
    GgufWriter.write(file, model, type);
    return DecoderFiles.open(file);
  }

  private static float[] logits(DecoderWeights weights) {
    try (PackedDecoder decoder = PackedDecoder.pack(weights, PackSettings.DENSE)) {
      float[] out = new float[decoder.config().vocab()];
      decoder.newSession(SessionSettings.dense(PROMPT.length)).feed(PROMPT).get(0, out);
      return out;
    }
  }
}
