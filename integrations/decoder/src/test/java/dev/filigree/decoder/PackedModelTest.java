package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.decoder.load.ConfigJson;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.PackedModel;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.load.TensorShapes;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.BlockActivation;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.InputChoice;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.decoder.store.CompressPlan;
import dev.filigree.decoder.store.MappedDecoder;
import dev.filigree.decoder.store.ModelDirectory;
import dev.filigree.decoder.store.ModelWriter;
import dev.filigree.decoder.store.StoredActivation;
import dev.filigree.file.DType;
import dev.filigree.file.DenseEntry;
import dev.filigree.file.Entry;
import dev.filigree.file.PackedDirectory;
import dev.filigree.file.PackedEntry;
import dev.filigree.file.Progress;
import dev.filigree.file.Receipt;
import dev.filigree.file.ReceiptStep;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.Remainder;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Packed directories of a decoder, as Java programs see them. */
class PackedModelTest {
  private static final DecoderWeights MODEL = RandomModel.of("tiny", 5);
  private static final DecoderWeights LOW_RANK = RSparseTest.withStrongDirections(MODEL);
  private static final List<int[]> IDS =
      List.of(new SplittableRandom(1).ints(30, 0, 512).toArray());

  @TempDir private Path folder;

  private static CompressPlan plan(String weights, String activation, ValueType values) {
    return new CompressPlan(
        Optional.ofNullable(weights).map(SparsitySpec::weights),
        Optional.ofNullable(activation).map(SparsitySpec::activation),
        values,
        IDS,
        Optional.empty(),
        DecoderPruning.Mode.SEQUENTIAL);
  }

  private PackedModel written(String weights, String activation, ValueType values) {
    return written(MODEL, weights, activation, values);
  }

  private PackedModel written(
      DecoderWeights model, String weights, String activation, ValueType values) {
    Path target = folder.resolve("p");
    ModelWriter.write(
        target,
        model,
        plan(weights, activation, values),
        Map.of(PackedDirectory.CONFIG, config()),
        Progress.SILENT);
    return (PackedModel) DecoderFiles.open(target);
  }

  private static byte[] config() {
    return ConfigJson.text(MODEL.config()).getBytes(StandardCharsets.UTF_8);
  }

  /** What serves from the file where it lies, and what has to be packed anew. */
  @ParameterizedTest
  @CsvSource({
    ",, F32, NONE",
    "wanda:2:4,, F32, NONE",
    "wanda:2:4,, BF16, NONE",
    "magnitude:unstructured:0.7,, INT8, NONE",
    ", teal:0.5, F32, TEAL WINA WINA_THRESHOLD TOPK NONE",
    ", wina-threshold:0.5, F32, TEAL WINA WINA_THRESHOLD TOPK NONE",
    ", wina:0.5, INT8, TEAL WINA WINA_THRESHOLD TOPK NONE",
    ", cats:0.5, BF16, CATS COREINFER NONE",
    ", coreinfer:0.6, F32, CATS COREINFER NONE",
    ", chess:0.5, F32, CHESS NONE",
    "wanda:2:4, teal:0.5, F32, NONE",
    "wanda:2:4, teal:0.5, INT8, TEAL WINA WINA_THRESHOLD TOPK NONE"
  })
  void whatIsStoredAsItIsServedIsMapped(
      String weights, String activation, ValueType values, String mapped) {
    PackedModel model = written(weights, activation, values);
    assertThat(MappedDecoder.values(model)).isEqualTo(values);
    for (Method method :
        List.of(
            Method.NONE,
            Method.TEAL,
            Method.WINA,
            Method.WINA_THRESHOLD,
            Method.TOPK,
            Method.CATS,
            Method.CHESS,
            Method.COREINFER)) {
      assertThat(MappedDecoder.isMapped(model, method))
          .as("%s", method)
          .isEqualTo(List.of(mapped.split(" ")).contains(method.name()));
    }
    // An array that is not aligned would be copied.
    for (Entry e : model.folder().weights().entries()) {
      if (e instanceof PackedEntry packed) {
        assertThat(packed.parts()).allMatch(p -> AlignedMemory.isAligned(p.data()));
      } else if (e instanceof DenseEntry dense && dense.shape().length == 2) {
        assertThat(AlignedMemory.isAligned(dense.tensor().data())).isTrue();
      }
    }
  }

  @Test
  void openingTwiceAndClosingOnceHarmsNobody() {
    PackedModel model = written("wanda:2:4", null, ValueType.F32);
    float[] expected = new float[512];
    try (PackedDecoder second = MappedDecoder.open(model, Method.NONE)) {
      try (PackedDecoder first = MappedDecoder.open(model, Method.NONE)) {
        first.newSession(SessionSettings.dense(4)).feed(1, 2).get(0, expected);
      }
      DecoderSession session = second.newSession(SessionSettings.dense(4));
      FloatBuffer logits = session.feed(1, 2);
      float[] found = new float[512];
      logits.get(0, found);
      assertThat(found).isEqualTo(expected);
    }
    assertThat(model.floats(DecoderWeights.EMBEDDING))
        .isEqualTo(MODEL.floats(DecoderWeights.EMBEDDING));
  }

  @Test
  void everyTensorOfAnUnprunedDirectoryIsTheModels() {
    for (String activation : new String[] {null, "topk:0.5"}) {
      PackedModel model = writtenAs("d" + activation, activation);
      for (String name : TensorShapes.of(MODEL.config()).keySet()) {
        assertThat(model.floats(name)).as(name).isEqualTo(MODEL.floats(name));
      }
    }
  }

  private PackedModel writtenAs(String name, String activation) {
    Path target = folder.resolve(name.replace(':', '-'));
    ModelWriter.write(
        target,
        MODEL,
        plan(null, activation, ValueType.F32),
        Map.of(PackedDirectory.CONFIG, config()),
        Progress.SILENT);
    return PackedModel.open(target);
  }

  @Test
  void weightsThatRoundToZeroAreInTheReceipt() {
    PackedModel model = written("wanda:2:4", null, ValueType.INT8);
    Receipt receipt = model.folder().receipt();
    assertThat(receipt.steps())
        .extracting(ReceiptStep::name)
        .containsExactly("prune", ModelWriter.STEP);
    assertThat(receipt.steps().get(0).masks()).hasSize(28);
    assertThat(receipt.steps().get(1).choosesMasks()).isTrue();
    assertThat(model.folder().verify().broken()).isEmpty();
    Receipt exact = writtenExact().folder().receipt();
    assertThat(exact.steps().get(1).choosesMasks()).isFalse();
    assertThat(exact.steps().get(1).masks()).isEqualTo(exact.steps().get(0).masks());
  }

  private PackedModel writtenExact() {
    Path target = folder.resolve("exact");
    ModelWriter.write(
        target,
        MODEL,
        plan("wanda:2:4", null, ValueType.F32),
        Map.of(PackedDirectory.CONFIG, config()),
        Progress.SILENT);
    return PackedModel.open(target);
  }

  /** CHESS at another sparsity needs no calibration data any more. */
  @Test
  void thresholdsOfEveryPercentAreThoseOfACalibration() {
    StoredActivation stored =
        StoredActivation.of(written(null, "chess:0.5", ValueType.F32)).orElseThrow();
    areThoseOfACalibration(stored, "chess:0.5", "chess:0.31", "cats:0.7", "teal:0.08");
    assertThat(stored.at(Method.WINA_THRESHOLD, 0.5)).isEmpty();
    assertThat(stored.at(Method.CHESS, 0.505)).isEmpty();
    assertThat(
            StoredActivation.of(writtenAs("teal", "teal:0.5")).orElseThrow().at(Method.CHESS, 0.5))
        .isEmpty();
  }

  @Test
  void weighedInputsAreStoredForEveryPercentAsWell() {
    StoredActivation stored =
        StoredActivation.of(written(null, "wina-threshold:0.5", ValueType.F32)).orElseThrow();
    areThoseOfACalibration(
        stored, "wina-threshold:0.5", "wina-threshold:0.31", "cats:0.7", "teal:0.08");
    assertThat(stored.at(Method.CHESS, 0.5)).isEmpty();
    assertThat(stored.text())
        .isEqualTo("wina-threshold:0.5, and teal, cats and wina-threshold at every whole percent");
  }

  private static void areThoseOfACalibration(StoredActivation stored, String... specs) {
    for (String spec : specs) {
      SparsitySpec.Activation a = SparsitySpec.activation(spec);
      float[][] expected =
          ActivationCalibration.settingFor(
                  a.method(), a.sparsity(), MODEL, IDS, (done, total) -> {})
              .thresholds();
      float[][] found = stored.at(a.method(), a.sparsity()).orElseThrow().thresholds();
      assertThat(found).as(spec).isDeepEqualTo(expected);
    }
  }

  /** Factors, norms and thresholds come back bit for bit, so logits are those of the setting. */
  @ParameterizedTest
  @CsvSource({"F32", "BF16", "INT8"})
  void rSparseIsStoredWithItsFactors(ValueType values) {
    PackedModel model = written(LOW_RANK, null, "r-sparse:0.5", values);
    ActivationSetting expected =
        ActivationCalibration.settingFor(Method.R_SPARSE, 0.5, LOW_RANK, IDS, (done, total) -> {});
    StoredActivation stored = StoredActivation.of(model).orElseThrow();
    ActivationSetting found = stored.at(Method.R_SPARSE, 0.5).orElseThrow();
    assertThat(stored.at(Method.R_SPARSE, 0.4)).isEmpty();
    assertThat(found.thresholds()).isDeepEqualTo(expected.thresholds());
    int ranks = 0;
    for (int l = 0; l < found.remainders().length; l++) {
      for (int p = 0; p < found.remainders()[l].length; p++) {
        Remainder a = found.remainders()[l][p];
        Remainder b = expected.remainders()[l][p];
        assertThat(a.kept()).isEqualTo(b.kept());
        assertThat(a.norms()).isEqualTo(b.norms());
        assertThat(a.in()).isEqualTo(b.in());
        assertThat(a.out()).isEqualTo(b.out());
        ranks += a.rank();
      }
    }
    assertThat(ranks).isPositive();
    assertThat(model.folder().verify().broken()).isEmpty();
    PackSettings settings = new PackSettings(values, Method.R_SPARSE.layout(), true);
    try (PackedDecoder served = MappedDecoder.open(model, Method.R_SPARSE);
        PackedDecoder anew = PackedDecoder.pack(LOW_RANK, settings)) {
      float[][] logits = new float[2][512];
      for (int i = 0; i < 2; i++) {
        SessionSettings session =
            new SessionSettings(30, i == 0 ? found : expected, SessionSettings.Scope.ALL, 0);
        (i == 0 ? served : anew).newSession(session).feed(IDS.get(0)).get(0, logits[i]);
      }
      assertThat(logits[0]).isEqualTo(logits[1]);
    }
  }

  @Test
  void factorsOfAnotherModelAreRefused() throws IOException {
    PackedModel model = written(LOW_RANK, null, "r-sparse:0.5", ValueType.F32);
    Map<String, byte[]> files = new HashMap<>();
    for (String name : model.folder().receipt().files().keySet()) {
      files.put(name, model.folder().content(name).orElseThrow());
    }
    String json =
        new String(files.get(PackedDirectory.THRESHOLDS), StandardCharsets.UTF_8)
            .replaceFirst("\"kept\":\\[\\[[0-9]+", "\"kept\":[[100000");
    byte[] factors = files.get(PackedDirectory.REMAINDERS);
    String renamed = new String(factors, StandardCharsets.ISO_8859_1).replace(".norms", ".norns");
    Map<String, Map<String, byte[]>> bad =
        Map.of(
            "kept",
            Map.of(PackedDirectory.THRESHOLDS, json.getBytes(StandardCharsets.UTF_8)),
            "renamed",
            Map.of(PackedDirectory.REMAINDERS, renamed.getBytes(StandardCharsets.ISO_8859_1)));
    for (Map.Entry<String, Map<String, byte[]>> each : bad.entrySet()) {
      Path target = folder.resolve(each.getKey());
      Map<String, byte[]> changed = new HashMap<>(files);
      changed.putAll(each.getValue());
      PackedDirectory.write(
          target,
          new PackedDirectory.Contents(
              model.folder().weights().entries(), Map.of(), Receipt.empty(), changed));
      assertThatThrownBy(() -> StoredActivation.of(PackedModel.open(target)))
          .as(each.getKey())
          .hasMessageContaining("FIL-0732");
    }
    Path file = model.folder().file(PackedDirectory.REMAINDERS).orElseThrow();
    factors[factors.length - 1] ^= 1;
    Files.write(file, factors);
    assertThat(model.folder().verify().broken()).isNotEmpty();
    assertThatThrownBy(() -> StoredActivation.of(model)).hasMessageContaining("FIL-0402");
  }

  /** Blocks that say for themselves what they skip, and what is no such block. */
  @Test
  void blocksOfAnotherModelAreRefused() {
    PackedModel model = written(null, null, ValueType.F32);
    DecoderConfig config = MODEL.config();
    List<InputChoice> inputs =
        new ArrayList<>(Collections.nCopies(Projection.values().length, InputChoice.ALL));
    inputs.set(0, new InputChoice(InputChoice.Kind.ABOVE, 0.5, 0.25f));
    List<BlockActivation> blocks =
        Collections.nCopies(
            config.layers(), BlockActivation.of(config, inputs, new float[] {0.5f}, 0.5));
    Path plain = folder.resolve("plain");
    ModelDirectory.write(plain, MODEL, DType.F32, Map.of(), ActivationSetting.declared(blocks));
    String right;
    try {
      right = Files.readString(plain.resolve(PackedDirectory.THRESHOLDS));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String above = "{\"kind\":\"above\",\"sparsity\":0.5,\"threshold\":0.25}";
    assertThat(right).contains("\"blocks\":[{\"inputs\":[" + above);
    int bad = 0;
    for (String text :
        List.of(
            right,
            right.replace("\"blocks\":[{", "\"blocks\":[{},{"),
            right.replace("\"blocks\":[{", "\"blocks\":[null,{"),
            right.replace("\"blocks\":", "\"no_blocks\":"),
            right.replace("[" + above, "[null"),
            right.replace(above + ",", ""),
            right.replace("\"above\"", "\"below\""),
            right.replace("\"sparsity\":0.5", "\"sparsity\":1.5"),
            right.replace("\"gates\":[0.5]", "\"gates\":[0.5,0.5]"),
            right.replace("\"gates\":[0.5]", "\"no_gates\":[0.5]"),
            right.replaceAll("\"planned\":[0-9.]+", "\"planned\":1.0"))) {
      Path target = folder.resolve("bad" + bad++);
      PackedDirectory.write(
          target,
          new PackedDirectory.Contents(
              model.folder().weights().entries(),
              Map.of(),
              Receipt.empty(),
              Map.of(
                  PackedDirectory.CONFIG,
                  config(),
                  PackedDirectory.THRESHOLDS,
                  text.getBytes(StandardCharsets.UTF_8))));
      PackedModel read = PackedModel.open(target);
      if (text.equals(right)) {
        ActivationSetting found = StoredActivation.of(read).orElseThrow().setting();
        assertThat(found.layout()).isEqualTo(PackSettings.Layout.SKIPPED_HEADS_AND_UNITS);
        assertThat(found.blocks().get(1).inputs()).isEqualTo(inputs);
        continue;
      }
      assertThatThrownBy(() -> StoredActivation.of(read))
          .as(text)
          .isInstanceOfSatisfying(
              FiligreeException.class, e -> assertThat(e.id()).isEqualTo(Message.FIL_0732));
    }
    assertThat(bad).isEqualTo(11);
  }

  @Test
  void weighedInputsOfAnotherModelAreRefused() {
    PackedModel model = written(null, "wina-threshold:0.5", ValueType.F32);
    String right = thresholds(model);
    areRefused(
        model,
        right.replace("wina-threshold", "chess"),
        right.replace("\"thresholds\":[[", "\"thresholds\":[[1.0,"),
        right.replace("\"input_factors\":[[[", "\"input_factors\":[[[1.0,"),
        right.replaceFirst("\"input_factors\":\\[\\[\\[[^,]*", "\"input_factors\":[[[-1.0"),
        right.replace("\"input_factors\":", "\"no_factors\":"),
        right.replace("\"input_factors\":[[", "\"input_factors\":[[[],"),
        right.replace("\"input_scores_by_percent\":[[[", "\"input_scores_by_percent\":[[[1.0,"),
        right.replace("\"input_scores_by_percent\":[", "\"input_scores_by_percent\":[null,"));
  }

  private static String thresholds(PackedModel model) {
    return new String(
        model.folder().content(PackedDirectory.THRESHOLDS).orElseThrow(), StandardCharsets.UTF_8);
  }

  private void areRefused(PackedModel model, String... thresholds) {
    assertThat(StoredActivation.of(model)).isPresent();
    int bad = 0;
    for (String text : thresholds) {
      Path target = folder.resolve("bad" + bad++);
      Map<String, byte[]> files = new HashMap<>();
      files.put(PackedDirectory.CONFIG, config());
      files.put(PackedDirectory.THRESHOLDS, text.getBytes(StandardCharsets.UTF_8));
      List<Entry> entries = new ArrayList<>(model.folder().weights().entries());
      PackedDirectory.write(
          target, new PackedDirectory.Contents(entries, Map.of(), Receipt.empty(), files));
      assertThatThrownBy(() -> StoredActivation.of(PackedModel.open(target)))
          .as(text)
          .isInstanceOfSatisfying(
              FiligreeException.class, e -> assertThat(e.id()).isEqualTo(Message.FIL_0732));
    }
  }

  @Test
  void filesThatDoNotBelongTogetherAreRefused() {
    PackedModel model = written(null, "chess:0.5", ValueType.F32);
    String right = thresholds(model);
    areRefused(
        model,
        "",
        "[]",
        "{",
        "{\"version\":1}",
        right.replace("\"version\":1", "\"version\":2"),
        right.replace("chess", "cats"),
        right.replace("chess", "wina"),
        right.replace("\"unit_factors\":[[", "\"unit_factors\":[[0.0,"),
        right.replaceFirst("\"unit_factors\":\\[\\[[^,]*", "\"unit_factors\":[[0.0"),
        right.replace("\"unit_factors\":", "\"no_factors\":"),
        right.replace("\"unit_scores_by_percent\":[[", "\"unit_scores_by_percent\":[[],["),
        right.replace("\"thresholds\":[[", "\"thresholds\":[[1.0,"),
        right.replace("\"inputs_by_percent\":[[[", "\"inputs_by_percent\":[[[1.0,"),
        right.replace("\"gates_by_percent\":[[", "\"gates_by_percent\":[[],["));
    Path target = folder.resolve("other");
    byte[] deeper =
        new String(config(), StandardCharsets.UTF_8)
            .replace("\"num_hidden_layers\":4", "\"num_hidden_layers\":5")
            .getBytes(StandardCharsets.UTF_8);
    PackedDirectory.write(
        target,
        new PackedDirectory.Contents(
            model.folder().weights().entries(),
            Map.of(),
            Receipt.empty(),
            Map.of(PackedDirectory.CONFIG, deeper)));
    assertThatThrownBy(() -> DecoderFiles.open(target)).hasMessageContaining("FIL-0704");
  }
}
