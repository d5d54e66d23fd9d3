package dev.filigree.decoder.block;

import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslatorContext;

/**
 * Lets DJL's {@code TextGenerator} (greedy, beam and contrastive search) run a {@link
 * CausalDecoder}:
 *
 * <pre>{@code
 * SearchConfig search = new SearchConfig();
 * search.setMaxSeqLength(40);
 * try (Predictor<NDList, CausalLMOutput> p = model.newPredictor(new CausalDecoderTranslator())) {
 *   NDArray ids = new TextGenerator(p, "greedy", search).generate(prompt);
 * }
 * }</pre>
 *
 * <p>It copies all keys and values for every token, as DJL's search wants it, and does not stop at
 * the end of a text: {@code dev.filigree.decoder.generate.Generator} is the fast way. Parameters
 * that are not frozen make every thread but the one that loaded the engine keep what gradients
 * would need; freeze them first.
 */
public final class CausalDecoderTranslator implements NoBatchifyTranslator<NDList, CausalLMOutput> {
  private static final String CALLER = "filigree.manager";

  /** Logits and hidden states; keys and values come behind. */
  private static final int BEFORE_CACHE = 2;

  @Override
  public NDList processInput(TranslatorContext context, NDList input) {
    context.setAttachment(CALLER, input.head().getManager());
    NDList own = new NDList();
    for (NDArray array : input) {
      // What the blocks compute goes where their inputs belong, and is to go with this call.
      NDArray view = array.stopGradient();
      view.attach(context.getNDManager());
      own.add(view);
    }
    return own;
  }

  @Override
  public CausalLMOutput processOutput(TranslatorContext context, NDList output) {
    output.attach((NDManager) context.getAttachment(CALLER));
    return new CausalLMOutput(output.get(0), output.get(1), output.subNDList(BEFORE_CACHE));
  }
}
