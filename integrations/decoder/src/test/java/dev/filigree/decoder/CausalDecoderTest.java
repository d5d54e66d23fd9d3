package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.filigree.decoder.block.CausalDecoder;
import dev.filigree.decoder.block.NextTokenLoss;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.FrequencyFactors;
import dev.filigree.decoder.model.Llama3Scaling;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.decoder.model.RopeScaling;
import dev.filigree.decoder.store.ModelDirectory;
import dev.filigree.djl.train.Weights;
import dev.filigree.file.DType;
import dev.filigree.kernel.Activation;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The decoder as DJL blocks is the decoder that serves, and trains. */
class CausalDecoderTest {
  private static final int VOCAB = 40;
  private static final int TOKENS = 20;

  /** Every shape the family has: grouped heads, both layouts, scaling, window, biases, heads. */
  static Stream<DecoderConfig> shapes() {
    return Stream.of(
        config(4, 4, RopeLayout.ADJACENT, null, -1, false, false, true),
        config(4, 2, RopeLayout.HALF_SPLIT, null, -1, true, false, false),
        config(6, 2, RopeLayout.HALF_SPLIT, new Llama3Scaling(8, 1, 4, 16), -1, false, true, true),
        config(4, 1, RopeLayout.ADJACENT, null, 5, true, true, false),
        config(4, 2, RopeLayout.HALF_SPLIT, null, 7, false, false, false)
            .withActivation(Activation.RELU),
        config(
            4,
            2,
            RopeLayout.ADJACENT,
            new FrequencyFactors(List.of(1.0, 2.5, 8.0)),
            -1,
            false,
            false,
            true));
  }

  private static DecoderConfig config(
      int heads,
      int kvHeads,
      RopeLayout layout,
      RopeScaling scaling,
      int window,
      boolean qkvBias,
      boolean outputBias,
      boolean tied) {
    return new DecoderConfig(
        24,
        44,
        2,
        heads,
        kvHeads,
        6,
        VOCAB,
        32,
        1e-5,
        10_000,
        layout,
        Optional.ofNullable(scaling),
        window < 0 ? OptionalInt.empty() : OptionalInt.of(window),
        qkvBias,
        outputBias,
        tied,
        1,
        List.of(2));
  }

  private static DecoderConfig small() {
    return config(4, 2, RopeLayout.HALF_SPLIT, null, -1, false, false, true);
  }

  private static int[] ids(int count) {
    return new SplittableRandom(7).ints(count, 0, VOCAB).toArray();
  }

  private static long[] longs(int[] ids) {
    return Arrays.stream(ids).asLongStream().toArray();
  }

  private static NDManager manager() {
    return NDManager.newBaseManager(Device.cpu(), "PyTorch");
  }

  private static NDList forward(CausalDecoder decoder, NDManager manager, NDArray... inputs) {
    return decoder.forward(new ParameterStore(manager, false), new NDList(inputs), false);
  }

  /** Within 1e-4 of the largest logit. */
  private static void close(float[] found, float[] expected) {
    float largest = 0;
    for (float v : expected) {
      largest = Math.max(largest, Math.abs(v));
    }
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).as("logit %s", i).isCloseTo(expected[i], within(1e-4f * largest));
    }
  }

  private static void isServed(NDArray logits, float[][] expected) {
    for (int t = 0; t < expected.length; t++) {
      close(logits.get("0, {}", t).toFloatArray(), expected[t]);
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void logitsAreThoseOfTheServingDecoder(DecoderConfig config) {
    DecoderWeights weights = new RandomModel(config, 3);
    float[][] expected = Models.logits(weights, ids(TOKENS));
    try (NDManager manager = manager()) {
      CausalDecoder decoder = CausalDecoder.of(weights, manager);
      NDArray ids = manager.create(longs(ids(TOKENS)), new Shape(1, TOKENS));
      NDList out = forward(decoder, manager, ids);
      assertThat(out).hasSize(1);
      assertThat(out.head().getShape()).isEqualTo(new Shape(1, TOKENS, VOCAB));
      assertThat(decoder.getOutputShapes(new Shape[] {ids.getShape()}))
          .containsExactly(out.head().getShape());
      isServed(out.head(), expected);
    }
  }

  /** Weights trained with SiLU start a model with ReLU. */
  @Test
  void weightsUnderReluInPlaceOfSilu() {
    DecoderConfig config = config(4, 2, RopeLayout.ADJACENT, null, 5, true, false, false);
    DecoderWeights silu = new RandomModel(config, 12);
    DecoderWeights relu = silu.withActivation(Activation.RELU);
    float[][] expected = Models.logits(relu, ids(TOKENS));
    assertThat(expected[3]).isNotEqualTo(Models.logits(silu, ids(TOKENS))[3]);
    try (NDManager manager = manager()) {
      CausalDecoder decoder = CausalDecoder.of(relu, manager);
      assertThat(decoder.config()).isEqualTo(config.withActivation(Activation.RELU));
      NDArray ids = manager.create(longs(ids(TOKENS)), new Shape(1, TOKENS));
      isServed(forward(decoder, manager, ids).head(), expected);
      assertThat(decoder.weights().config().activation()).isEqualTo(Activation.RELU);
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void withKeysAndValuesOfTheTokensBefore(DecoderConfig config) {
    DecoderWeights weights = new RandomModel(config, 4);
    float[][] expected = Models.logits(weights, ids(TOKENS));
    try (NDManager manager = manager()) {
      CausalDecoder decoder = CausalDecoder.of(weights, manager);
      NDList state = new NDList();
      int at = 0;
      for (int count : new int[] {9, 1, 1, 6, 3}) {
        long[] fed = longs(Arrays.copyOfRange(ids(TOKENS), at, at + count));
        NDList in =
            new NDList(
                manager.create(fed, new Shape(1, count)),
                manager.arange(at, at + count).reshape(1, count),
                manager.ones(new Shape(1, at + count)));
        in.addAll(state);
        NDList out = forward(decoder, manager, in.toArray(NDArray[]::new));
        for (int t = 0; t < count; t++) {
          close(out.head().get("0, {}", t).toFloatArray(), expected[at + t]);
        }
        assertThat(out.get(1).getShape()).isEqualTo(new Shape(1, count, 24));
        state = out.subNDList(2);
        at += count;
        assertThat(state).hasSize(2 * config.layers());
        assertThat(state.head().getShape()).isEqualTo(new Shape(1, config.kvHeads(), at, 6));
      }
    }
  }

  @Test
  void paddingInFrontChangesNothing() {
    DecoderConfig config = config(4, 2, RopeLayout.ADJACENT, null, 5, true, false, false);
    DecoderWeights weights = new RandomModel(config, 5);
    int[] text = ids(8);
    float[][] expected = Models.logits(weights, text);
    try (NDManager manager = manager()) {
      CausalDecoder decoder = CausalDecoder.of(weights, manager);
      long[] padded = new long[22];
      long[] positions = new long[22];
      long[] present = new long[22];
      for (int t = 0; t < 11; t++) {
        // One row of eleven ids, and the text behind three of padding.
        padded[t] = t;
        positions[t] = t;
        present[t] = 1;
        padded[11 + t] = t < 3 ? 0 : text[t - 3];
        positions[11 + t] = Math.max(0, t - 3);
        present[11 + t] = t < 3 ? 0 : 1;
      }
      Shape shape = new Shape(2, 11);
      NDArray logits =
          forward(
                  decoder,
                  manager,
                  manager.create(padded, shape),
                  manager.create(positions, shape),
                  manager.create(present, shape))
              .head();
      for (int t = 0; t < text.length; t++) {
        close(logits.get("1, {}", 3 + t).toFloatArray(), expected[t]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void throughADirectoryToTheServingDecoderAndBack(DecoderConfig config, @TempDir Path folder) {
    try (NDManager manager = manager();
        NDManager other = manager()) {
      CausalDecoder decoder = CausalDecoder.of(new RandomModel(config, 6), manager);
      if (config.outputBias() && !config.qkvBias()) {
        // Hugging Face has no such model.
        refused(
            Message.FIL_0831,
            () -> ModelDirectory.write(folder, decoder.weights(), DType.F32, Map.of()));
        return;
      }
      float[][] before = Models.logits(decoder.weights(), ids(TOKENS));
      ModelDirectory.write(folder, decoder.weights(), DType.F32, Map.of());

      DecoderWeights read = DecoderFiles.open(folder);
      assertThat(read.config()).isEqualTo(config);
      assertThat(Models.logits(read, ids(TOKENS))).isDeepEqualTo(before);
      CausalDecoder again = CausalDecoder.of(read, other);
      for (String name : TensorShapes.of(config).keySet()) {
        assertThat(again.weights().floats(name)).as(name).isEqualTo(decoder.weights().floats(name));
      }
    }
  }

  @Test
  void aDirectoryOfAnotherModelIsNotMixedWithThis(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("model.safetensors.index.json"), "{}");
    refused(
        Message.FIL_0403,
        () -> ModelDirectory.write(folder, new RandomModel(small(), 1), DType.F32, Map.of()));
  }

  @Test
  void weightsOfAnotherShapeAreRefused() {
    try (NDManager manager = manager()) {
      CausalDecoder decoder = CausalDecoder.of(new RandomModel(small(), 1), manager);
      DecoderConfig other = config(4, 1, RopeLayout.HALF_SPLIT, null, -1, false, false, true);
      assertThatThrownBy(() -> decoder.load(new RandomModel(other, 1)))
          .hasMessageContaining("FIL-0830")
          .hasMessageContaining("kvHeads is 1, and that of this block is 2");
      decoder.load(new RandomModel(small().withStops(List.of()), 2));
      NDArray late = manager.create(new long[33], new Shape(1, 33));
      refused(Message.FIL_0713, () -> forward(decoder, manager, late));
    }
  }

  private static void refused(Message id, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(FiligreeException.class, e -> assertThat(e.id()).isEqualTo(id));
  }

  /** Every parameter's gradient is what changing it a little does to the loss. */
  @ParameterizedTest
  @MethodSource("shapes")
  void gradientsAreThoseOfTheLoss(DecoderConfig config) {
    try (NDManager manager = manager()) {
      CausalDecoder decoder = CausalDecoder.of(new RandomModel(config, 8), manager);
      NDArray ids = manager.create(longs(ids(12)), new Shape(2, 6));
      NDArray labels = manager.create(longs(ids(24)), new Shape(2, 12)).get(":, 6:");
      ParameterStore store = new ParameterStore(manager, false);
      try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
        NDArray loss = loss(decoder, store, ids, labels);
        overwriteFreedMemory();
        collector.backward(loss);
      }
      for (Parameter p : decoder.getParameters().values()) {
        float[] gradient = p.getArray().getGradient().toFloatArray();
        int largest =
            IntStream.range(0, gradient.length)
                .reduce((a, b) -> Math.abs(gradient[b]) > Math.abs(gradient[a]) ? b : a)
                .orElseThrow();
        assertThat(gradient[largest]).as(p.getName()).isNotZero();
        double up = lossWith(decoder, store, ids, labels, p, largest, 5e-3f);
        double down = lossWith(decoder, store, ids, labels, p, largest, -5e-3f);
        assertThat((up - down) / 1e-2)
            .as("%s %s", p.getName(), largest)
            .isCloseTo(gradient[largest], within(2e-3 + 0.02 * Math.abs(gradient[largest])));
      }
    }
  }

  /**
   * Memory of arrays that were made from Java's buffers and closed, which a gradient must not need.
   */
  private static void overwriteFreedMemory() {
    System.gc();
    List<ByteBuffer> kept = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      kept.add(ByteBuffer.allocateDirect(8).putFloat(Float.NaN).putFloat(Float.NaN));
      if (i % 5_000 == 0) {
        System.gc();
      }
    }
    assertThat(kept).isNotEmpty();
  }

  private static double lossWith(
      CausalDecoder decoder,
      ParameterStore store,
      NDArray ids,
      NDArray labels,
      Parameter p,
      int element,
      float change) {
    float[] values = p.getArray().toFloatArray();
    FloatBuffer buffer = FloatBuffer.wrap(values);
    float before = values[element];
    values[element] = before + change;
    Weights.write(p.getArray(), buffer);
    double loss = loss(decoder, store, ids, labels).getFloat();
    values[element] = before;
    Weights.write(p.getArray(), buffer);
    return loss;
  }

  private static NDArray loss(
      CausalDecoder decoder, ParameterStore store, NDArray ids, NDArray labels) {
    NDList logits = decoder.forward(store, new NDList(ids), true);
    return new NextTokenLoss().evaluate(new NDList(labels), logits);
  }

  /** A text that repeats is learnt, through DJL's own trainer, and no array is left behind. */
  @Test
  void learnsATextByHeart() {
    DecoderConfig config = small();
    try (Model model = Model.newInstance("decoder", "PyTorch")) {
      CausalDecoder decoder = new CausalDecoder(config);
      model.setBlock(decoder);
      DefaultTrainingConfig training =
          new DefaultTrainingConfig(new NextTokenLoss())
              .optDevices(new Device[] {Device.cpu()})
              .optOptimizer(Optimizer.adam().optLearningRateTracker(Tracker.fixed(1e-2f)).build());
      int[] text = ids(25);
      try (Trainer trainer = model.newTrainer(training)) {
        trainer.initialize(new Shape(1, 24));
        float first = step(trainer, text);
        assertThat(first).isCloseTo((float) Math.log(VOCAB), within(0.3f));
        int arrays = 0;
        float last = first;
        for (int i = 0; i < 120; i++) {
          last = step(trainer, text);
          int now =
              model.getNDManager().getManagedArrays().size()
                  + trainer.getManager().getManagedArrays().size();
          arrays = i < 2 ? now : arrays;
          assertThat(now).isLessThanOrEqualTo(arrays + 2);
        }
        assertThat(last).isLessThan(0.05f);
      }
      float[][] logits = Models.logits(decoder.weights(), Arrays.copyOf(text, 24));
      for (int t = 0; t < 24; t++) {
        assertThat(largest(logits[t])).isEqualTo(text[t + 1]);
      }
    }
  }

  private static int largest(float[] values) {
    return IntStream.range(0, values.length)
        .reduce((a, b) -> values[b] > values[a] ? b : a)
        .orElseThrow();
  }

  private static float step(Trainer trainer, int[] text) {
    try (NDManager manager = trainer.getManager().newSubManager()) {
      NDArray ids = manager.create(longs(Arrays.copyOf(text, 24)), new Shape(1, 24));
      NDArray labels = manager.create(longs(Arrays.copyOfRange(text, 1, 25)), new Shape(1, 24));
      float loss;
      try (GradientCollector collector = trainer.newGradientCollector()) {
        NDList logits = trainer.forward(new NDList(ids));
        NDArray value = trainer.getLoss().evaluate(new NDList(labels), logits);
        collector.backward(value);
        loss = value.getFloat();
      }
      trainer.step();
      return loss;
    }
  }
}
