package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.FrequencyFactors;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.file.DType;
import dev.filigree.plan.FiligreeException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The same model as a GGUF file and as a directory of Hugging Face. */
final class GgufModelTest {
  private static final int[] IDS = new SplittableRandom(3).ints(20, 0, Models.VOCAB).toArray();

  @TempDir private Path folder;

  static Stream<DecoderConfig> shapes() {
    return Stream.of(
        Models.llama(),
        Models.qwen(),
        Models.config(
            false,
            RopeLayout.HALF_SPLIT,
            Optional.of(new FrequencyFactors(List.of(1.0, 1.0, 1.0, 1.5, 2.0, 4.0, 8.0, 8.0))),
            true));
  }

  private DecoderWeights gguf(RandomModel model, int type) {
    return DecoderFiles.open(Models.gguf(model, type).write(folder.resolve("m.gguf")));
  }

  private DecoderWeights directory(DecoderWeights weights, DType type) {
    return DecoderFiles.open(Models.directory(folder.resolve("m"), weights, type));
  }

  /** Rows of query and key lie otherwise, so sums over a head are added in another order. */
  @ParameterizedTest
  @MethodSource("shapes")
  void logitsAreThoseOfTheDirectory(DecoderConfig config) {
    RandomModel model = new RandomModel(config, Models.SEED);
    DecoderWeights read = gguf(model, GgufWriter.F32);
    float[][] expected = Models.logits(directory(model, DType.F32), IDS);
    float[][] found = Models.logits(read, IDS);
    for (int t = 0; t < IDS.length; t++) {
      for (int i = 0; i < Models.VOCAB; i++) {
        if (config.qkvBias()) {
          // Nothing is permuted.
          assertThat(found[t][i]).isEqualTo(expected[t][i]);
        }
        assertThat(found[t][i]).as("position %s", t).isCloseTo(expected[t][i], within(2e-5f));
      }
    }
    DecoderConfig c = read.config();
    assertThat(c.ropeLayout())
        .isEqualTo(config.qkvBias() ? RopeLayout.HALF_SPLIT : RopeLayout.ADJACENT);
    assertThat(c.tiedHead()).isEqualTo(config.tiedHead());
    assertThat(c.bos()).isEqualTo(1);
    assertThat(c.stops()).containsExactly(2);
  }

  /** A directory of the same values in the same layout has the same logits, to the bit. */
  @ParameterizedTest
  @ValueSource(ints = {GgufWriter.F32, GgufWriter.F16, GgufWriter.BF16, GgufWriter.Q8})
  void logitsAreThoseOfTheValues(int type) {
    for (DecoderConfig config : List.of(Models.llama(), Models.qwen())) {
      DecoderWeights read = gguf(new RandomModel(config, Models.SEED), type);
      float[][] found = Models.logits(read, IDS);
      assertThat(found).isDeepEqualTo(Models.logits(directory(read, DType.F32), IDS));
    }
  }

  @ParameterizedTest
  @CsvSource({"0, F32", "1, F16", "30, BF16"})
  void valuesAreThoseOfADirectoryOfTheSameType(int type, DType same) {
    RandomModel model = new RandomModel(Models.qwen(), Models.SEED);
    DecoderWeights read = gguf(model, type);
    DecoderWeights expected = directory(model, same);
    TensorShapes.of(model.config())
        .forEach(
            (name, shape) -> {
              if (shape.length == 2) {
                assertThat(read.floats(name)).as(name).isEqualTo(expected.floats(name));
              }
            });
  }

  /** A step is the largest of 32 magnitudes by 127, as F16; values are off by half a step. */
  @Test
  void q8IsOffByHalfAStep() {
    RandomModel model = new RandomModel(Models.qwen(), Models.SEED);
    DecoderWeights read = gguf(model, GgufWriter.Q8);
    DecoderWeights plain = directory(model, DType.F32);
    for (String name : TensorShapes.of(model.config()).keySet()) {
      FloatBuffer expected = plain.floats(name).asFloatBuffer();
      FloatBuffer found = read.floats(name).asFloatBuffer();
      assertThat(found.limit()).isEqualTo(expected.limit());
      boolean exact = TensorShapes.of(model.config()).get(name).length == 1;
      for (int from = 0; from < found.limit(); from += 32) {
        float most = 0;
        for (int i = from; i < Math.min(from + 32, found.limit()); i++) {
          most = Math.max(most, Math.abs(expected.get(i)));
        }
        // Half a step, and what rounding the step to 11 bits does to 127 of them.
        float bound = exact ? 0 : most * (0.5f / 127 + 0x1p-11f) * 1.001f;
        for (int i = from; i < Math.min(from + 32, found.limit()); i++) {
          assertThat(found.get(i)).as(name).isCloseTo(expected.get(i), within(bound));
        }
      }
    }
  }

  /** A tensor longer than what is read at once, so that blocks meet the seams. */
  @Test
  void longTensorsAreReadInPieces() {
    int rows = 40_000;
    DecoderConfig c = Models.qwen();
    FloatBuffer values = FloatBuffer.allocate(rows * 64);
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < values.limit(); i++) {
      values.put(i, (float) random.nextDouble(-1, 1));
    }
    GgufWriter writer = Models.gguf(new RandomModel(c, 1), GgufWriter.F32);
    writer.drop("token_embd.weight");
    writer.tensor("token_embd.weight", GgufWriter.Q8, new long[] {rows, 64}, values);
    DecoderWeights read = DecoderFiles.open(writer.write(folder.resolve("long.gguf")));
    assertThat(read.config().vocab()).isEqualTo(rows);
    FloatBuffer found = read.floats(DecoderWeights.EMBEDDING).asFloatBuffer();
    for (int i = 0; i < values.limit(); i++) {
      if (Math.abs(found.get(i) - values.get(i)) > 0.5f / 127 + 0x1p-11f) {
        assertThat(found.get(i)).as("element %s", i).isEqualTo(values.get(i));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 32", "3, 8", "3, 64"})
  void versionsAndAlignments(int version, int alignment) {
    RandomModel model = new RandomModel(Models.llama(), Models.SEED);
    GgufWriter writer = new GgufWriter().alignment(alignment);
    Path file = folder.resolve("v.gguf");
    Models.fill(writer, model, GgufWriter.F16).version(version).write(file);
    assertThat(Models.logits(DecoderFiles.open(file), IDS))
        .isDeepEqualTo(Models.logits(gguf(model, GgufWriter.F16), IDS));
  }

  @Test
  void linearScalingDividesEveryFrequency() {
    RandomModel model = new RandomModel(Models.llama(), Models.SEED);
    GgufWriter writer =
        Models.gguf(model, GgufWriter.F32)
            .text("llama.rope.scaling.type", "linear")
            .f32("llama.rope.scaling.factor", 4);
    DecoderWeights read = DecoderFiles.open(writer.write(folder.resolve("m.gguf")));
    assertThat(read.config().ropeScaling()).contains(FrequencyFactors.linear(4, 8));
    // A directory says it in its own words and is read back.
    assertThat(directory(read, DType.F32).config()).isEqualTo(read.config());
  }

  private void refused(GgufWriter writer, String... texts) {
    Path file = writer.write(folder.resolve("bad.gguf"));
    assertThatThrownBy(() -> DecoderFiles.open(file))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContainingAll(texts);
  }

  private static GgufWriter llama() {
    return Models.gguf(new RandomModel(Models.llama(), Models.SEED), GgufWriter.F32);
  }

  @Test
  void anotherKindOfModelIsNamed() {
    refused(llama().text("general.architecture", "gemma2"), "FIL-0822", "gemma2", "qwen2");
    refused(llama().without("general.architecture"), "FIL-0822", "missing");
    refused(llama().without("llama.block_count"), "FIL-0822", "llama.block_count is missing");
    refused(llama().without("llama.context_length"), "FIL-0822", "llama.context_length");
    refused(llama().without("llama.attention.layer_norm_rms_epsilon"), "FIL-0822", "rms_epsilon");
    refused(llama().text("llama.block_count", "two"), "FIL-0822", "no number");
    refused(llama().number("llama.block_count", 5, -1, 4), "FIL-0822", "is -1");
    refused(llama().number("llama.block_count", 10, 1L << 40, 8), "FIL-0822", "1099511627776");
    refused(llama().number("llama.block_count", 10, -1, 8), "FIL-0822", "18446744073709551615");
    refused(llama().u32("llama.block_count", 9000), "FIL-0822", "9000 blocks");
    refused(llama().u32("llama.block_count", 1_000_000), "FIL-0702", "1000000", "10000");
    refused(llama().i32s("llama.attention.head_count", 4, 2), "FIL-0822", "differs");
    refused(llama().u32("llama.attention.head_count", 0), "FIL-0822", "is 0");
    refused(llama().u32("llama.attention.head_count_kv", 3), "FIL-0702", "3");
    refused(llama().u32("llama.expert_count", 8), "FIL-0822", "expert_count is 8");
    refused(llama().u32("llama.rope.dimension_count", 8), "FIL-0822", "16 components");
    refused(llama().text("llama.rope.scaling.type", "yarn"), "FIL-0822", "yarn", "linear");
    refused(llama().u32("split.count", 3), "FIL-0822", "3 parts");
    refused(
        llama()
            .tensor("rope_freqs.weight", 0, new long[] {2}, FloatBuffer.wrap(new float[] {1, 1})),
        "FIL-0822",
        "2 elements",
        "8 pairs");
    refused(
        llama().tensor("rope_freqs.weight", 0, new long[] {8}, FloatBuffer.allocate(8)),
        "FIL-0702",
        "0.0");
  }

  @Test
  void oneNumberForAllLayersMayBeAnArray() {
    GgufWriter writer = llama().i32s("llama.feed_forward_length", 96, 96);
    assertThat(DecoderFiles.open(writer.write(folder.resolve("a.gguf"))).config().hidden())
        .isEqualTo(96);
  }

  @Test
  void tensorsThatDoNotFitAreNamedAsTheFileNamesThem() {
    refused(llama().drop("blk.1.ffn_up.weight"), "FIL-0704", "blk.1.ffn_up.weight [96, 64]");
    refused(
        llama().tensor("blk.1.ffn_gate_inp.weight", 0, new long[] {4}, FloatBuffer.allocate(4)),
        "FIL-0706",
        "blk.1.ffn_gate_inp.weight");
    refused(
        llama()
            .drop("output_norm.weight")
            .tensor("output_norm.weight", 0, new long[] {63}, FloatBuffer.allocate(63)),
        "FIL-0705",
        "output_norm.weight",
        "[63]",
        "[64]");
    refused(llama().u32("llama.vocab_size", 97), "FIL-0705", "token_embd.weight", "[97, 64]");
  }

  @Test
  void weightsThatAreNotFiniteAreNamed() {
    RandomModel model = new RandomModel(Models.llama(), Models.SEED);
    FloatBuffer head = model.floats(DecoderWeights.HEAD).asFloatBuffer();
    head.put(10, Float.NaN);
    GgufWriter writer = Models.gguf(model, GgufWriter.F32).drop("output.weight");
    writer.tensor("output.weight", GgufWriter.F32, new long[] {Models.VOCAB, 64}, head);
    DecoderWeights read = DecoderFiles.open(writer.write(folder.resolve("nan.gguf")));
    assertThatThrownBy(() -> Models.logits(read, IDS))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContainingAll("FIL-0712", "NaN", "element 10");
  }
}
