package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.modality.nlp.generate.SearchConfig;
import ai.djl.modality.nlp.generate.TextGenerator;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.translate.TranslateException;
import dev.filigree.decoder.block.CausalDecoder;
import dev.filigree.decoder.block.CausalDecoderTranslator;
import dev.filigree.decoder.block.PackedDecoderBlock;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.serve.SessionSettings.Scope;
import dev.filigree.kernel.ValueType;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** DJL's search over packed weights finds what it finds over the block with the same weights. */
class PackedDecoderBlockTest {
  private static final int VOCAB = 50;
  private static final int LENGTH = 20;
  private static final int PAD = 0;
  private static final DecoderConfig CONFIG =
      new DecoderConfig(
          32,
          48,
          2,
          4,
          2,
          8,
          VOCAB,
          64,
          1e-5,
          10_000,
          RopeLayout.HALF_SPLIT,
          Optional.empty(),
          OptionalInt.of(9),
          true,
          false,
          false,
          -1,
          List.of());
  private static final DecoderWeights WEIGHTS = new RandomModel(CONFIG, 17);

  private PackedDecoder packed;
  private PackedDecoderBlock block;
  private CausalDecoder plain;
  private Model model;

  @BeforeEach
  void load() {
    model = Model.newInstance("decoder", "PyTorch");
    plain = CausalDecoder.of(WEIGHTS, model.getNDManager());
    plain.freezeParameters(true);
    packed = PackedDecoder.pack(WEIGHTS, PackSettings.DENSE);
    block = new PackedDecoderBlock(packed, SessionSettings.dense(LENGTH));
  }

  @AfterEach
  void close() {
    block.close();
    packed.close();
    model.close();
  }

  private long[] search(
      AbstractBlock over, String name, SearchConfig config, int rows, long... prompts)
      throws TranslateException {
    config.setMaxSeqLength(LENGTH);
    config.setPadTokenId(PAD);
    config.setSuffixPadding(false);
    model.setBlock(over);
    try (NDManager manager = model.getNDManager().newSubManager();
        Predictor<NDList, CausalLMOutput> predictor =
            model.newPredictor(new CausalDecoderTranslator())) {
      NDArray ids = manager.create(prompts, new Shape(rows, prompts.length / rows));
      return new TextGenerator(predictor, name, config).generate(ids).toLongArray();
    }
  }

  private void findsTheSame(String name, SearchConfig config, int rows, long... prompts)
      throws TranslateException {
    long[] expected = search(plain, name, config, rows, prompts);
    assertThat(expected.length).isGreaterThanOrEqualTo(rows * LENGTH);
    assertThat(search(block, name, config, rows, prompts)).as(name).containsExactly(expected);
  }

  @Test
  void everySearch() throws TranslateException {
    long seed = 3;
    System.out.println("PackedDecoderBlockTest seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 4; round++) {
      long[] prompt = random.longs(5, 1, VOCAB).toArray();
      findsTheSame("greedy", new SearchConfig(), 1, prompt);
      SearchConfig beam = new SearchConfig();
      beam.setBeam(2 + round);
      findsTheSame("beam", beam, 1, prompt);
      SearchConfig contrastive = new SearchConfig();
      contrastive.setK(3);
      contrastive.setAlpha(0.6f);
      findsTheSame("contrastive", contrastive, 1, prompt);
    }
    // Calls came one after the other.
    assertThat(block.sessions()).isEqualTo(1);
  }

  @Test
  void promptsOfDifferentLengthTogether() throws TranslateException {
    long[] prompts = {PAD, PAD, 7, 3, 9, 12, 30, 22, PAD, 41, 5, 8};
    findsTheSame("greedy", new SearchConfig(), 3, prompts);
    SearchConfig beam = new SearchConfig();
    beam.setBeam(3);
    findsTheSame("beam", beam, 3, prompts);
  }

  /** Logits, hidden states and cache are those of the block. */
  @Test
  void outputsAreThoseOfTheBlock() throws TranslateException {
    List<NDList> outputs = new ArrayList<>();
    try (NDManager manager = model.getNDManager().newSubManager()) {
      for (AbstractBlock over : List.of(plain, block)) {
        model.setBlock(over);
        try (Predictor<NDList, CausalLMOutput> predictor =
            model.newPredictor(new CausalDecoderTranslator())) {
          CausalLMOutput first =
              predictor.predict(
                  new NDList(
                      manager.create(new long[] {0, 7, 3, 9, 12, 30}, new Shape(2, 3)),
                      manager.create(new long[] {0, 0, 1, 0, 1, 2}, new Shape(2, 3)),
                      manager.create(new long[] {0, 1, 1, 1, 1, 1}, new Shape(2, 3))));
          NDList in =
              new NDList(
                  manager.create(new long[] {5, 6, 8, 4}, new Shape(2, 2)),
                  manager.create(new long[] {2, 3, 3, 4}, new Shape(2, 2)),
                  manager.create(new long[] {0, 1, 1, 1, 1, 1, 1, 1, 1, 1}, new Shape(2, 5)));
          int before = manager.getManagedArrays().size();
          CausalLMOutput second = predictor.predict(in.addAll(first.getPastKeyValuesList()));
          // What was in `in` is among the arrays that were there.
          assertThat(manager.getManagedArrays()).hasSize(before + 2 + 2 * CONFIG.layers());
          outputs.add(
              new NDList(second.getLogits(), second.getHiddenState())
                  .addAll(
                      new NDList(
                          second.getPastKeyValuesList().stream()
                              // Padding has whatever it has.
                              .map(a -> a.get(":, :, 1:"))
                              .toList())));
        }
      }
      for (int i = 0; i < outputs.get(0).size(); i++) {
        assertThat(outputs.get(1).get(i).getShape()).isEqualTo(outputs.get(0).get(i).getShape());
        float[] expected = outputs.get(0).get(i).toFloatArray();
        float[] found = outputs.get(1).get(i).toFloatArray();
        for (int k = 0; k < expected.length; k++) {
          assertThat(found[k]).as("output %s, %s", i, k).isCloseTo(expected[k], within(1e-4f));
        }
      }
    }
  }

  /** One token at a time skips, with the same choice as a session. */
  @Test
  void activationsAreSkipped() throws TranslateException {
    ActivationSetting topk = new ActivationSetting(Method.TOPK, 0.5, null);
    SessionSettings settings = new SessionSettings(LENGTH, topk, Scope.DECODE, 0);
    try (PackedDecoder columns = PackedDecoder.pack(WEIGHTS, topk.packing(ValueType.F32));
        PackedDecoderBlock skipping = new PackedDecoderBlock(columns, settings)) {
      long[] found = search(skipping, "greedy", new SearchConfig(), 1, 7, 3, 41, 5);
      DecoderSession session = columns.newSession(settings);
      int[] prompt = {7, 3, 41, 5};
      int next = largest(session.feed(prompt));
      for (int i = prompt.length; i < LENGTH; i++) {
        assertThat(found[i]).as("token %s", i).isEqualTo(next);
        next = i + 1 < LENGTH ? largest(session.feed(next)) : -1;
      }
      assertThat(found).isNotEqualTo(search(plain, "greedy", new SearchConfig(), 1, 7, 3, 41, 5));
    }
  }

  private static int largest(FloatBuffer logits) {
    int best = 0;
    for (int i = 1; i < VOCAB; i++) {
      best = logits.get(i) > logits.get(best) ? i : best;
    }
    return best;
  }

  @Test
  void whatItCannotDoIsSaid() {
    ActivationSetting core = new ActivationSetting(Method.COREINFER, 0.5, null);
    assertThatThrownBy(
            () -> new PackedDecoderBlock(packed, new SessionSettings(8, core, Scope.DECODE, 0)))
        .hasMessageStartingWith("FIL-0884: coreinfer chooses hidden units");
    assertThatThrownBy(() -> new PackedDecoderBlock(packed, SessionSettings.dense(65)))
        .hasMessageContaining("FIL-0713");
    try (NDManager manager = model.getNDManager().newSubManager()) {
      ParameterStore store = new ParameterStore(manager, false);
      NDArray ids = manager.create(new long[] {7, 3, PAD}, new Shape(1, 3));
      assertThatThrownBy(() -> block.forward(store, new NDList(ids), true))
          .hasMessageContaining("FIL-0885");
      // Padding behind the tokens leaves a gap in front of what follows.
      NDList gap =
          new NDList(
              ids,
              manager.create(new long[] {0, 1, 3}, new Shape(1, 3)),
              manager.create(new long[] {1, 1, 1}, new Shape(1, 3)));
      assertThatThrownBy(() -> block.forward(store, gap, false))
          .hasMessage(
              "FIL-0883: Token 2 of row 0 stands at position 3, and 2 tokens of that row came"
                  + " before it: a packed decoder has no gaps between positions. Pad in front of"
                  + " the tokens (SearchConfig.setSuffixPadding(false)), and pass positions as they"
                  + " count.");
      long[] many = new long[LENGTH + 1];
      Arrays.fill(many, 1);
      NDArray tooMany = manager.create(many, new Shape(1, LENGTH + 1));
      assertThatThrownBy(() -> block.forward(store, new NDList(tooMany), false))
          .hasMessageContaining("FIL-0713");
      // A call that failed leaves the block as it was.
      assertThat(block.sessions()).isEqualTo(1);
      NDList out = block.forward(store, new NDList(ids), false);
      assertThat(out.get(0).getShape()).isEqualTo(new Shape(1, 3, VOCAB));
    }
    block.close();
    assertThat(block.sessions()).isZero();
  }

  /** A session with a cache that was taken over goes on as the one it was taken from. */
  @Test
  void aCacheGoesOverAndBack() {
    SplittableRandom random = new SplittableRandom(4);
    int[] ids = random.ints(19, 0, VOCAB).toArray();
    DecoderSession whole = packed.newSession(SessionSettings.dense(40));
    float[] expected = new float[VOCAB];
    whole.feed(ids).get(0, expected);
    DecoderSession other = packed.newSession(SessionSettings.dense(20));
    other.feed(1, 2, 3);
    other.restore(18, whole::cached);
    assertThat(other.position()).isEqualTo(18);
    same(other.feed(ids[18]), expected);
    whole.feed(5, 6, 7);
    whole.rewind(18);
    same(whole.feed(ids[18]), expected);
    assertThatThrownBy(() -> other.restore(21, whole::cached)).hasMessageContaining("FIL-0713");
    ActivationSetting core = new ActivationSetting(Method.COREINFER, 0.5, null);
    DecoderSession prompted = packed.newSession(new SessionSettings(20, core, Scope.DECODE, 0));
    prompted.feed(ids);
    assertThatThrownBy(() -> prompted.rewind(3)).hasMessageContaining("FIL-0884");
    prompted.rewind(0);
    assertThat(prompted.position()).isZero();
  }

  private static void same(FloatBuffer logits, float... expected) {
    for (int i = 0; i < VOCAB; i++) {
      assertThat(logits.get(i)).isCloseTo(expected[i], within(1e-5f));
    }
  }
}
