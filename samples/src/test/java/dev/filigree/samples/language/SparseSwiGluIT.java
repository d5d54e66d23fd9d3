package dev.filigree.samples.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import dev.filigree.agent.FiligreeAgent;
import dev.filigree.decoder.block.CausalDecoder;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.ModelSummary;
import dev.filigree.djl.PackOptions;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is declared on a feed-forward block acts inside the decoder, in DJL's own predictor. */
final class SparseSwiGluIT {
  private static final int TOKENS = 24;

  @BeforeAll
  static void weave() {
    FiligreeAgent.attach();
  }

  private static NDList ids(NDManager manager, long seed) {
    int vocab = ModelSize.SMALL.vocab();
    long[] ids = new SplittableRandom(seed).longs(4L * TOKENS, 0, vocab).toArray();
    return new NDList(manager.create(ids, new Shape(4, TOKENS)));
  }

  private static float[] logits(Model model) throws TranslateException {
    try (NDManager manager = model.getNDManager().newSubManager();
        Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator(null));
        NDList out = predictor.predict(ids(manager, 1))) {
      return out.head().toFloatArray();
    }
  }

  @Test
  void catsAnswersTheWholeBlock() throws TranslateException {
    try (Model model = Model.newInstance("sparse", "PyTorch");
        NDManager data = model.getNDManager().newSubManager()) {
      CausalDecoder decoder = new CausalDecoder(ModelSize.SMALL.config(), SparseSwiGlu::new);
      decoder.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, TOKENS));
      model.setBlock(decoder);
      Filigree.finish(model);
      float[] dense = logits(model);
      Filigree.calibrate(model, List.of(ids(data, 2)));
      float[] skipping = logits(model);
      assertThat(skipping).isNotEqualTo(dense);

      ModelSummary summary =
          Filigree.pack(model, PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE));
      float[] packed = logits(model);
      for (int i = 0; i < packed.length; i++) {
        assertThat(packed[i]).isCloseTo(skipping[i], within(1e-4f));
      }
      for (int l = 0; l < ModelSize.SMALL.config().layers(); l++) {
        for (String name : List.of("gate", "up", "down")) {
          LayerSummary layer = layer(summary, "layer" + l + "/feedForward/" + name);
          assertThat(layer.sparsity()).isEqualTo(0.5);
          assertThat(layer.format()).as(layer.path()).startsWith("fused");
        }
        assertThat(layer(summary, "layer" + l + "/attention/qkv/query").plan()).isEmpty();
      }
    }
  }

  private static LayerSummary layer(ModelSummary summary, String path) {
    return summary.layers().stream()
        .filter(l -> l.path().equals(path))
        .findFirst()
        .orElseThrow(
            () ->
                new AssertionError(
                    path + " in " + summary.layers().stream().map(LayerSummary::path).toList()));
  }
}
