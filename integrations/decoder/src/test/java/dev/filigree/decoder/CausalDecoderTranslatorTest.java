package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.modality.nlp.generate.SearchConfig;
import ai.djl.modality.nlp.generate.TextGenerator;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.TranslateException;
import dev.filigree.decoder.block.CausalDecoder;
import dev.filigree.decoder.block.CausalDecoderTranslator;
import dev.filigree.decoder.generate.Generator;
import dev.filigree.decoder.generate.Sampler;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** DJL's own search over the decoder's block finds what the serving decoder finds. */
class CausalDecoderTranslatorTest {
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
  private static final DecoderWeights WEIGHTS = new RandomModel(CONFIG, 11);

  private Model model;

  @BeforeEach
  void load() {
    model = Model.newInstance("decoder", "PyTorch");
    CausalDecoder decoder = CausalDecoder.of(WEIGHTS, model.getNDManager());
    decoder.freezeParameters(true);
    model.setBlock(decoder);
  }

  @AfterEach
  void close() {
    model.close();
  }

  private long[] search(String name, SearchConfig config, long[] prompts, int rows)
      throws TranslateException {
    config.setMaxSeqLength(LENGTH);
    config.setPadTokenId(PAD);
    config.setSuffixPadding(false);
    try (NDManager manager = model.getNDManager().newSubManager();
        Predictor<NDList, CausalLMOutput> predictor =
            model.newPredictor(new CausalDecoderTranslator())) {
      NDArray ids = manager.create(prompts, new Shape(rows, prompts.length / rows));
      return new TextGenerator(predictor, name, config).generate(ids).toLongArray();
    }
  }

  private static int[] served(int[] prompt, int length) {
    try (PackedDecoder packed = PackedDecoder.pack(WEIGHTS, PackSettings.DENSE)) {
      List<Integer> fresh =
          new Generator(packed)
              .run(
                  prompt,
                  length - prompt.length,
                  new Sampler(Sampler.Settings.GREEDY),
                  SessionSettings.dense(1),
                  id -> true)
              .ids();
      int[] all = Arrays.copyOf(prompt, length);
      for (int i = 0; i < fresh.size(); i++) {
        all[prompt.length + i] = fresh.get(i);
      }
      return all;
    }
  }

  private static long[] longs(int... ids) {
    return Arrays.stream(ids).asLongStream().toArray();
  }

  @Test
  void greedySearchIsOurGreedyGeneration() throws TranslateException {
    long[] found = search("greedy", new SearchConfig(), longs(7, 3, 41, 5), 1);
    assertThat(found).containsExactly(longs(served(new int[] {7, 3, 41, 5}, LENGTH)));
  }

  @Test
  void promptsOfDifferentLengthTogether() throws TranslateException {
    long[] found = search("greedy", new SearchConfig(), longs(PAD, PAD, 7, 3, 9, 12, 30, 22), 2);
    assertThat(Arrays.copyOfRange(found, 2, LENGTH))
        .containsExactly(longs(served(new int[] {7, 3}, LENGTH - 2)));
    assertThat(Arrays.copyOfRange(found, LENGTH, 2 * LENGTH))
        .containsExactly(longs(served(new int[] {9, 12, 30, 22}, LENGTH)));
  }

  /** Without a penalty the candidate with the largest probability wins. */
  @Test
  void contrastiveSearchWithoutPenaltyIsGreedy() throws TranslateException {
    SearchConfig config = new SearchConfig();
    config.setK(3);
    config.setAlpha(0);
    long[] found = search("contrastive", config, longs(7, 3, 41, 5), 1);
    assertThat(found).startsWith(longs(served(new int[] {7, 3, 41, 5}, LENGTH)));
  }

  @Test
  void beamSearchKeepsThePrompt() throws TranslateException {
    SearchConfig config = new SearchConfig();
    config.setBeam(3);
    long[] found = search("beam", config, longs(7, 3, 41, 5), 1);
    assertThat(found).hasSize(3 * LENGTH);
    for (int b = 0; b < 3; b++) {
      assertThat(Arrays.copyOfRange(found, b * LENGTH, (b + 1) * LENGTH))
          .startsWith(longs(7, 3, 41, 5));
    }
  }

  @Test
  void nothingIsLeftBehind() throws TranslateException {
    try (NDManager manager = model.getNDManager().newSubManager();
        Predictor<NDList, CausalLMOutput> predictor =
            model.newPredictor(new CausalDecoderTranslator())) {
      NDList in =
          new NDList(
              manager.create(longs(1, 2, 3), new Shape(1, 3)),
              manager.create(longs(0, 1, 2), new Shape(1, 3)),
              manager.ones(new Shape(1, 3)));
      predictor.predict(in);
      int before = manager.getManagedArrays().size();
      CausalLMOutput out = predictor.predict(in);
      int outputs = 2 + 2 * CONFIG.layers();
      assertThat(out.getPastKeyValuesList()).hasSize(2 * CONFIG.layers());
      assertThat(manager.getManagedArrays()).hasSize(before + outputs);
    }
  }
}
