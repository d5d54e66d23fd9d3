package dev.filigree.samples.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.translate.TranslateException;
import dev.filigree.agent.FiligreeAgent;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.decoder.block.CausalDecoder;
import dev.filigree.decoder.block.CausalDecoderTranslator;
import dev.filigree.decoder.block.SwiGlu;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.PackedModel;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.InputChoice;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.serve.SessionSettings.Scope;
import dev.filigree.decoder.store.CompressPlan;
import dev.filigree.decoder.store.FurtherFiles;
import dev.filigree.decoder.store.MappedDecoder;
import dev.filigree.decoder.store.ModelDirectory;
import dev.filigree.decoder.store.ModelWriter;
import dev.filigree.decoder.store.StoredActivation;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.file.DType;
import dev.filigree.file.Progress;
import dev.filigree.kernel.Activation;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.Setting;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What annotations say of activations goes with a trained decoder when it is packed and stored. */
@SuppressWarnings("UnusedVariable") // Filigree reads what is declared on the fields
final class DeclaredActivationIT {
  private static final DecoderWeights WEIGHTS = RandomModel.of("tiny", 3);
  private static final DecoderConfig CONFIG = WEIGHTS.config();
  private static final int TOKENS = 16;
  private static final int[] IDS =
      new SplittableRandom(9).ints(TOKENS, 0, CONFIG.vocab()).toArray();

  @ActivationSparse(
      sparsity = 0.5,
      method = ActivationMethod.CATS,
      gate = "gate",
      up = "up",
      down = "down")
  private static final class Cats extends SwiGlu {
    private final Linear gate = gate();
    private final Linear up = up();
    private final Linear down = down();

    Cats(DecoderConfig config) {
      super(config);
    }
  }

  @ActivationSparse(
      sparsity = 0.4,
      method = ActivationMethod.CHESS,
      gate = "gate",
      up = "up",
      down = "down")
  private static final class Chess extends SwiGlu {
    private final Linear gate = gate();
    private final Linear up = up();
    private final Linear down = down();

    Chess(DecoderConfig config) {
      super(config);
    }
  }

  @ActivationSparse(
      sparsity = 0.5,
      method = ActivationMethod.TEAL_GREEDY,
      gate = "gate",
      up = "up",
      down = "down")
  private static final class Greedy extends SwiGlu {
    private final Linear gate = gate();
    private final Linear up = up();
    private final Linear down = down();

    Greedy(DecoderConfig config) {
      super(config);
    }
  }

  @ActivationSparse(
      sparsity = 0.6,
      method = ActivationMethod.COREINFER,
      gate = "gate",
      up = "up",
      down = "down")
  private static final class Core extends SwiGlu {
    private final Linear gate = gate();
    private final Linear up = up();
    private final Linear down = down();

    Core(DecoderConfig config) {
      super(config);
    }
  }

  @ActivationSparse(
      method = ActivationMethod.RELU,
      threshold = 0.02,
      gate = "gate",
      up = "up",
      down = "down")
  private static final class FatRelu extends SwiGlu {
    private final Linear gate = gate();
    private final Linear up = up();
    private final Linear down = down();

    FatRelu(DecoderConfig config) {
      super(config);
    }
  }

  /** Every projection its own method. */
  private static final class Fields extends SwiGlu {
    @ActivationSparse(sparsity = 0.5)
    private final Linear gate = gate();

    @ActivationSparse(sparsity = 0.3, method = ActivationMethod.WINA)
    private final Linear up = up();

    @ActivationSparse(sparsity = 0.6, method = ActivationMethod.TOP_K)
    private final Linear down = down();

    Fields(DecoderConfig config) {
      super(config);
    }
  }

  private static final class OnlyDown extends SwiGlu {
    @ActivationSparse(sparsity = 0.5)
    private final Linear down = down();

    OnlyDown(DecoderConfig config) {
      super(config);
    }
  }

  private static final class LowRank extends SwiGlu {
    @ActivationSparse(sparsity = 0.4, method = ActivationMethod.R_SPARSE)
    private final Linear down = down();

    LowRank(DecoderConfig config) {
      super(config);
    }
  }

  /** What is named gate is up in the decoder. */
  @ActivationSparse(
      sparsity = 0.5,
      method = ActivationMethod.CATS,
      gate = "gate",
      up = "up",
      down = "down")
  private static final class Swapped extends SwiGlu {
    private final Linear gate = up();
    private final Linear up = gate();
    private final Linear down = down();

    Swapped(DecoderConfig config) {
      super(config);
    }
  }

  @TempDir private Path folder;

  @BeforeAll
  static void weave() {
    FiligreeAgent.attach();
  }

  /** Layers take turns; null is the plain block. */
  @SafeVarargs
  private static Function<DecoderConfig, SwiGlu> turns(Function<DecoderConfig, SwiGlu>... makers) {
    int[] next = {0};
    return config -> makers[next[0]++ % makers.length].apply(config);
  }

  private static CausalDecoder decoder(
      Model model, DecoderWeights weights, Function<DecoderConfig, SwiGlu> blocks) {
    CausalDecoder decoder = CausalDecoder.of(weights, model.getNDManager(), blocks);
    decoder.freezeParameters(true);
    model.setBlock(decoder);
    return decoder;
  }

  private static void calibrate(Model model) {
    try (NDManager data = model.getNDManager().newSubManager()) {
      long[] ids = new SplittableRandom(5).longs(4L * 24, 0, CONFIG.vocab()).toArray();
      Filigree.calibrate(model, List.of(new NDList(data.create(ids, new Shape(4, 24)))));
    }
  }

  /** Logits of the DJL block, one token at a time with its cache. */
  private static float[][] served(Model model) throws TranslateException {
    return served(model, 1);
  }

  /** The same with several tokens first, of which the last has logits. */
  private static float[][] served(Model model, int first) throws TranslateException {
    float[][] logits = new float[TOKENS][];
    try (NDManager manager = model.getNDManager().newSubManager();
        Predictor<NDList, CausalLMOutput> predictor =
            model.newPredictor(new CausalDecoderTranslator())) {
      NDList past = new NDList();
      for (int t = 0; t < TOKENS; t++) {
        int n = t == 0 ? first : 1;
        Shape shape = new Shape(1, n);
        NDList in =
            new NDList(
                manager.create(IntStream.range(t, t + n).mapToLong(i -> IDS[i]).toArray(), shape),
                manager.create(LongStream.range(t, t + n).toArray(), shape),
                manager.ones(new Shape(1, t + n)));
        CausalLMOutput out = predictor.predict(in.addAll(past));
        float[] all = out.getLogits().toFloatArray();
        t += n - 1;
        logits[t] = Arrays.copyOfRange(all, all.length - CONFIG.vocab(), all.length);
        past = out.getPastKeyValuesList();
      }
    }
    return logits;
  }

  /** The share that the rules of one layer skipped, over all their inputs. */
  private static double skipped(DecoderLayerRules rules) {
    double all = 0;
    double skipped = 0;
    for (Projection p : Projection.values()) {
      Binding b = Bindings.get(rules.decoder.layers().get(rules.layer).projection(p));
      // Zeros that a gate makes are counted there.
      boolean counts = !b.skipsUnits() || b.decidesUnits();
      if (counts && b.serving() instanceof LayerServing s && s.rule() != null) {
        int inputs = b.decidesUnits() ? CONFIG.hidden() : p.cols(CONFIG);
        all += inputs;
        skipped += inputs * s.rule().realised();
      }
    }
    return all == 0 ? 0 : skipped / all;
  }

  private record DecoderLayerRules(CausalDecoder decoder, int layer) {}

  private static void same(PackedDecoder packed, ActivationSetting setting, float[][] expected) {
    check(packed.newSession(new SessionSettings(TOKENS, setting, Scope.ALL, 0)), expected);
  }

  private static DecoderSession check(DecoderSession session, float[][] expected) {
    for (int t = 0; t < TOKENS; t++) {
      same(session.feed(IDS[t]), expected[t], "token " + t);
    }
    return session;
  }

  private static void same(FloatBuffer logits, float[] expected, String what) {
    float largest = 0;
    for (float v : expected) {
      largest = Math.max(largest, Math.abs(v));
    }
    for (int i = 0; i < expected.length; i++) {
      assertThat(logits.get(i)).as(what).isCloseTo(expected[i], within(1e-4f * largest));
    }
  }

  private static float[][] plain(DecoderWeights weights) throws TranslateException {
    try (Model model = Model.newInstance("plain", "PyTorch")) {
      decoder(model, weights, SwiGlu::new);
      return served(model);
    }
  }

  private ActivationSetting isServedAsDeclared(
      DecoderWeights weights, Function<DecoderConfig, SwiGlu> blocks) throws TranslateException {
    return isServedAsDeclared(weights, blocks, plain(weights));
  }

  private ActivationSetting isServedAsDeclared(
      DecoderWeights weights, Function<DecoderConfig, SwiGlu> blocks, float[][] dense)
      throws TranslateException {
    try (Model model = Model.newInstance("declared", "PyTorch")) {
      CausalDecoder decoder = decoder(model, weights, blocks);
      calibrate(model);
      ActivationSetting setting = decoder.activation();
      float[][] expected = served(model);
      assertThat(expected[TOKENS - 1]).isNotEqualTo(dense[TOKENS - 1]);
      try (PackedDecoder packed =
          PackedDecoder.pack(decoder.weights(), setting.packing(ValueType.F32))) {
        DecoderSession session =
            check(packed.newSession(new SessionSettings(TOKENS, setting, Scope.ALL, 0)), expected);
        for (int l = 0; l < CONFIG.layers(); l++) {
          double found = session.counts().sparsity(l);
          assertThat(found)
              .as("layer %s", l)
              .isCloseTo(skipped(new DecoderLayerRules(decoder, l)), within(2e-3));
        }
        assertThat(session.counts().sparsity()).isBetween(0.2, 0.8);
        assertThat(packed.realisedBytesPerToken(session.counts(), setting))
            .isLessThan(packed.denseBytesPerToken());
        // Many tokens at once skip the same.
        DecoderSession together =
            packed.newSession(new SessionSettings(TOKENS, setting, Scope.ALL, 0));
        FloatBuffer last = together.feed(IDS);
        float[] one = expected[TOKENS - 1];
        for (int i = 0; i < one.length; i++) {
          assertThat(last.get(i)).isCloseTo(one[i], within(1e-3f));
        }
      }
      keptByDirectories(decoder, setting, expected);
      return setting;
    }
  }

  /** A plain directory and a packed one say what is skipped, and another is packed from each. */
  private void keptByDirectories(
      CausalDecoder decoder, ActivationSetting setting, float[][] expected) {
    Path plain = folder.resolve("plain");
    ModelDirectory.write(plain, decoder.weights(), DType.F32, Map.of(), setting);
    DecoderWeights read = DecoderFiles.open(plain);
    ActivationSetting found = StoredActivation.of(plain, read).orElseThrow().setting();
    assertThat(found.method()).isEqualTo(setting.method());
    try (PackedDecoder packed = PackedDecoder.pack(read, found.packing(ValueType.F32))) {
      same(packed, found, expected);
    }
    Path target = folder.resolve("packed");
    ModelWriter.write(
        target,
        decoder.weights(),
        CompressPlan.keeping(setting, ValueType.F32),
        FurtherFiles.of(plain, read, Optional.empty()),
        Progress.SILENT);
    PackedModel stored = (PackedModel) DecoderFiles.open(target);
    assertThat(stored.folder().verify().broken()).isEmpty();
    ActivationSetting again = StoredActivation.of(stored).orElseThrow().setting();
    assertThat(MappedDecoder.isMapped(stored, again)).isTrue();
    try (PackedDecoder packed = MappedDecoder.open(stored, again)) {
      same(packed, again, expected);
    }
    ModelDirectory.write(plain, decoder.weights(), DType.F32, Map.of());
    assertThat(StoredActivation.of(plain, DecoderFiles.open(plain))).isEmpty();
  }

  @Test
  void catsOnEveryBlockIsCats() throws TranslateException {
    ActivationSetting setting = isServedAsDeclared(WEIGHTS, Cats::new);
    assertThat(setting.text(":")).isEqualTo("cats:0.5");
    assertThat(setting.thresholds()).hasDimensions(CONFIG.layers(), 1);
  }

  @Test
  void reluOnEveryBlockIsRelu() throws TranslateException {
    ActivationSetting setting =
        isServedAsDeclared(WEIGHTS.withActivation(Activation.RELU), FatRelu::new);
    assertThat(setting.text(":")).isEqualTo("relu:0.02");
  }

  /** By a recipe, which reaches attention as well. */
  @Test
  void winaThresholdOnEveryProjectionIsThatMethod() throws IOException, TranslateException {
    List<String> lines = new ArrayList<>(List.of("layers:"));
    float[][] dense;
    try (Model model = Model.newInstance("plain", "PyTorch")) {
      CausalDecoder decoder = decoder(model, WEIGHTS, SwiGlu::new);
      dense = served(model);
      for (int l = 0; l < CONFIG.layers(); l++) {
        for (Projection p : Projection.values()) {
          String path = Bindings.get(decoder.layers().get(l).projection(p)).path();
          lines.add("  - {include: " + path + ", activation: wina-threshold:0.4}");
        }
      }
    }
    Path recipe = Files.write(folder.resolve("wina.yaml"), lines);
    System.setProperty(Setting.RECIPE.property(), recipe.toString());
    try {
      ActivationSetting setting = isServedAsDeclared(WEIGHTS, SwiGlu::new, dense);
      assertThat(setting.text(":")).isEqualTo("wina-threshold:0.4");
      Path most = Files.write(folder.resolve("most.yaml"), lines.subList(0, lines.size() - 1));
      System.setProperty(Setting.RECIPE.property(), most.toString());
      refused(
          "FIL-0882: layer0/attention/qkv/query cannot be served by a packed decoder as it is declared: WINA_THRESHOLD is served where all projections of all blocks declare it with the same sparsity. Change the declaration, or serve the block itself with Filigree.pack.",
          true,
          SwiGlu::new);
    } finally {
      System.clearProperty(Setting.RECIPE.property());
    }
  }

  /** Without calibration; on two blocks, where the packed decoder leaves none out. */
  @Test
  void coreInferOnEveryBlockIsCoreInfer() throws TranslateException {
    DecoderConfig c = CONFIG;
    DecoderConfig two =
        new DecoderConfig(
            c.dim(),
            c.hidden(),
            2,
            c.heads(),
            c.kvHeads(),
            c.headDim(),
            c.vocab(),
            c.context(),
            c.normEpsilon(),
            c.ropeBase(),
            c.ropeLayout(),
            c.ropeScaling(),
            c.slidingWindow(),
            c.qkvBias(),
            c.outputBias(),
            c.tiedHead(),
            c.bos(),
            c.stops(),
            c.activation());
    DecoderWeights weights = new RandomModel(two, 3);
    int prompt = 7;
    try (Model plain = Model.newInstance("plain", "PyTorch");
        Model model = Model.newInstance("declared", "PyTorch")) {
      decoder(plain, weights, SwiGlu::new);
      float[][] dense = served(plain, prompt);
      CausalDecoder decoder = decoder(model, weights, Core::new);
      ActivationSetting setting = decoder.activation();
      assertThat(setting.text(":")).isEqualTo("coreinfer:0.6");
      float[][] expected = served(model, prompt);
      assertThat(expected[prompt - 1]).isEqualTo(dense[prompt - 1]);
      assertThat(expected[TOKENS - 1]).isNotEqualTo(dense[TOKENS - 1]);
      try (PackedDecoder packed =
          PackedDecoder.pack(decoder.weights(), setting.packing(ValueType.F32))) {
        DecoderSession session =
            packed.newSession(new SessionSettings(TOKENS, setting, Scope.DECODE, 0));
        same(session.feed(Arrays.copyOf(IDS, prompt)), expected[prompt - 1], "prompt");
        for (int t = prompt; t < TOKENS; t++) {
          same(session.feed(IDS[t]), expected[t], "token " + t);
        }
        for (int l = 0; l < two.layers(); l++) {
          assertThat(session.counts().sparsity(l))
              .isCloseTo(skipped(new DecoderLayerRules(decoder, l)), within(1e-9));
        }
      }
      Path plainFolder = folder.resolve("plain");
      ModelDirectory.write(plainFolder, decoder.weights(), DType.F32, Map.of(), setting);
      ActivationSetting found =
          StoredActivation.of(plainFolder, DecoderFiles.open(plainFolder)).orElseThrow().setting();
      assertThat(found.text(":")).isEqualTo("coreinfer:0.6");
    }
  }

  @Test
  void chessHasAThresholdForEveryUnit() throws TranslateException {
    ActivationSetting setting = isServedAsDeclared(WEIGHTS, Chess::new);
    assertThat(setting.method()).isEqualTo(ActivationSetting.Method.DECLARED);
    assertThat(setting.blocks().get(1).gates()).hasSize(CONFIG.hidden());
    assertThat(setting.blocks().get(1).planned()).isCloseTo(0.4, within(1e-9));
  }

  @Test
  void greedyHasAThresholdForEveryProjection() throws TranslateException {
    ActivationSetting setting =
        isServedAsDeclared(WEIGHTS, turns(Greedy::new, SwiGlu::new, Fields::new));
    assertThat(setting.method()).isEqualTo(ActivationSetting.Method.DECLARED);
    assertThat(setting.blocks().get(0).gates()).isEmpty();
    for (Projection p : List.of(Projection.GATE, Projection.UP, Projection.DOWN)) {
      InputChoice choice = setting.blocks().get(0).inputs(p);
      assertThat(choice.kind()).as(p.label()).isEqualTo(InputChoice.Kind.ABOVE);
    }
    assertThat(setting.blocks().get(0).inputs(Projection.Q)).isEqualTo(InputChoice.ALL);
  }

  @Test
  void projectionsThatSkipInDifferentWays() throws TranslateException {
    ActivationSetting setting = isServedAsDeclared(WEIGHTS, Fields::new);
    assertThat(setting.needsNorms()).isTrue();
    assertThat(setting.text(":")).isEqualTo("declared");
  }

  @Test
  void oneProjectionInSomeLayers() throws TranslateException {
    ActivationSetting setting =
        isServedAsDeclared(WEIGHTS, turns(SwiGlu::new, OnlyDown::new, Fields::new));
    List<Boolean> skips = new ArrayList<>();
    setting.blocks().forEach(b -> skips.add(b.skips()));
    assertThat(skips).startsWith(false, true, true, false);
  }

  @Test
  void unitsInSomeLayers() throws TranslateException {
    ActivationSetting setting =
        isServedAsDeclared(WEIGHTS, turns(Cats::new, SwiGlu::new, Chess::new));
    assertThat(setting.blocks().get(0).gates()).hasSize(1);
    assertThat(setting.blocks().get(1).skips()).isFalse();
  }

  /** Under the agent the sample calibrates, and its directory says CATS. */
  @Test
  void theSampleWritesWhatItsBlocksDeclare() {
    Path out = folder.resolve("sample");
    TrainLanguageModel.Options options =
        new TrainLanguageModel.Options(out, Optional.empty(), ModelSize.SMALL, 2, true, 5);
    TrainLanguageModel.run(
        options, new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));
    ActivationSetting found =
        StoredActivation.of(out, DecoderFiles.open(out)).orElseThrow().setting();
    assertThat(found.text(":")).isEqualTo("cats:0.5");
    for (float[] layer : found.thresholds()) {
      assertThat(layer[0]).isPositive();
    }
  }

  @Test
  void nothingDeclaredIsNone() {
    try (Model model = Model.newInstance("plain", "PyTorch")) {
      CausalDecoder decoder = decoder(model, WEIGHTS, SwiGlu::new);
      assertThat(decoder.activation()).isSameAs(ActivationSetting.NONE);
    }
  }

  private static void refused(
      String message, boolean calibrated, Function<DecoderConfig, SwiGlu> blocks) {
    try (Model model = Model.newInstance("refused", "PyTorch")) {
      CausalDecoder decoder = decoder(model, WEIGHTS, blocks);
      if (calibrated) {
        calibrate(model);
      }
      assertThatThrownBy(decoder::activation).hasMessage(message);
    }
  }

  @Test
  void whatCannotBeServedIsSaid() {
    refused(
        "FIL-0881: layer0/feedForward/gate declares CATS, and its threshold is not known yet. Call Filigree.calibrate(model, inputs) before its activation is asked for.",
        false,
        Cats::new);
    refused(
        "FIL-0881: layer0/feedForward/down declares TEAL, and its threshold is not known yet. Call Filigree.calibrate(model, inputs) before its activation is asked for.",
        false,
        OnlyDown::new);
    refused(
        "FIL-0882: Layer 1 cannot be served by a packed decoder as it is declared: inputs of gate, up or down are skipped, and in layer 0 hidden units by their gate. Change the declaration, or serve the block itself with Filigree.pack.",
        true,
        turns(Cats::new, OnlyDown::new));
    refused(
        "FIL-0882: layer0/feedForward/gate cannot be served by a packed decoder as it is declared: its declaration takes it for another layer than the decoder, where it is gate. Change the declaration, or serve the block itself with Filigree.pack.",
        true,
        Swapped::new);
    String core =
        "/feedForward/gate cannot be served by a packed decoder as it is declared: COREINFER is served where every block declares it with the same sparsity, and nothing else is declared. Change the declaration, or serve the block itself with Filigree.pack.";
    refused("FIL-0882: layer0" + core, false, turns(Core::new, SwiGlu::new));
    refused("FIL-0882: layer1" + core, true, turns(Cats::new, Core::new));
    refused(
        "FIL-0882: layer0/feedForward/down cannot be served by a packed decoder as it is declared: R_SPARSE is not taken over from annotations, but made for the packed decoder by --activation r-sparse:0.4. Change the declaration, or serve the block itself with Filigree.pack.",
        true,
        LowRank::new);
  }
}
