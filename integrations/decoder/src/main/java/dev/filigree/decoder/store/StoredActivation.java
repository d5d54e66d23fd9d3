package dev.filigree.decoder.store;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.filigree.decoder.load.PackedModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.BlockActivation;
import dev.filigree.decoder.sparsity.ThresholdTable;
import dev.filigree.file.IoReason;
import dev.filigree.file.JsonReason;
import dev.filigree.file.PackedDirectory;
import dev.filigree.pack.Remainder;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * What the directory of a model says about activations, in {@code thresholds.json}.
 *
 * @param setting what is skipped unless the caller says otherwise
 * @param table thresholds of other sparsities, where there was a calibration
 */
public record StoredActivation(ActivationSetting setting, Optional<ThresholdTable> table) {

  /** The file's content. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Json(
      int version,
      String method,
      double sparsity,
      float[][] thresholds,
      int[][] kept,
      StoredBlock[] blocks,
      float[][][] inputs_by_percent,
      float[][] gates_by_percent,
      float[][] unit_factors,
      float[][] unit_scores_by_percent,
      float[][][] input_factors,
      float[][][] input_scores_by_percent) {}

  /** The content of the file. */
  byte[] json() {
    Json json =
        new Json(
            1,
            setting.method().label(),
            setting.sparsity(),
            setting.thresholds(),
            setting.remainders() == null ? null : RemainderFile.kept(setting.remainders()),
            setting.blocks() == null
                ? null
                : setting.blocks().stream().map(StoredBlock::of).toArray(StoredBlock[]::new),
            table.map(ThresholdTable::inputs).orElse(null),
            table.map(ThresholdTable::gates).orElse(null),
            table.flatMap(ThresholdTable::units).map(ThresholdTable.Units::factors).orElse(null),
            table.flatMap(ThresholdTable::units).map(ThresholdTable.Units::scores).orElse(null),
            table
                .flatMap(ThresholdTable::weighed)
                .map(ThresholdTable.Weighed::factors)
                .orElse(null),
            table
                .flatMap(ThresholdTable::weighed)
                .map(ThresholdTable.Weighed::scores)
                .orElse(null));
    return (new Gson().toJson(json) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * What is declared on the blocks of a model that was trained; empty where nothing is skipped.
   *
   * @param setting {@code CausalDecoder.activation()}
   */
  public static Optional<StoredActivation> ofDeclared(ActivationSetting setting) {
    return setting.method() == Method.NONE
        ? Optional.empty()
        : Optional.of(new StoredActivation(setting, Optional.empty()));
  }

  /** The setting of a method at a sparsity, where thresholds of it are stored. */
  public Optional<ActivationSetting> at(Method method, double sparsity) {
    boolean own = method == setting.method() && sparsity == setting.sparsity();
    return own ? Optional.of(setting) : table.flatMap(t -> t.setting(method, sparsity));
  }

  /** What thresholds are stored, in words. */
  public String text() {
    String own = setting.text(":");
    return table
        .map(
            t -> {
              List<String> methods = new ArrayList<>(List.of("teal", "cats"));
              t.units().ifPresent(u -> methods.add("chess"));
              t.weighed().ifPresent(w -> methods.add("wina-threshold"));
              String last = methods.remove(methods.size() - 1);
              String all = String.join(", ", methods) + " and " + last;
              return own + ", and " + all + " at every whole percent";
            })
        .orElse(own);
  }

  /**
   * What a directory says; empty where it says nothing.
   *
   * @throws FiligreeException FIL-0402 where the file was changed, FIL-0732 where it does not fit
   *     the model, FIL-0405 and FIL-0732 for the factors of R-Sparse
   */
  public static Optional<StoredActivation> of(PackedModel model) {
    PackedDirectory folder = model.folder();
    return folder
        .content(PackedDirectory.THRESHOLDS)
        .map(bytes -> parse(new String(bytes, StandardCharsets.UTF_8), model.config(), folder));
  }

  /**
   * What the directory of a model says, packed or not; empty where it says nothing.
   *
   * @param path of the model
   * @param model what was opened there
   * @throws FiligreeException as {@link #of(PackedModel)}, and FIL-0404 for a file that cannot be
   *     read
   */
  public static Optional<StoredActivation> of(Path path, DecoderWeights model) {
    if (model instanceof PackedModel packed) {
      return of(packed);
    }
    Path file = path.resolve(PackedDirectory.THRESHOLDS);
    if (!Files.isDirectory(path) || !Files.isRegularFile(file)) {
      return Optional.empty();
    }
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, file, IoReason.of(e));
    }
    return Optional.of(
        parse(
            text,
            model.config(),
            file,
            kept -> {
              throw new FiligreeException(
                  Message.FIL_0732, file, "its method is for packed directories only");
            }));
  }

  private static StoredActivation parse(String text, DecoderConfig config, PackedDirectory folder) {
    return parse(
        text,
        config,
        folder.path().resolve(PackedDirectory.THRESHOLDS),
        kept -> RemainderFile.read(folder, config, kept));
  }

  private static StoredActivation parse(
      String text, DecoderConfig config, Path where, Function<int[][], Remainder[][]> factors) {
    Json json;
    try {
      json = new Gson().fromJson(text, Json.class);
    } catch (JsonParseException | IllegalArgumentException e) {
      throw new FiligreeException(e, Message.FIL_0732, where, JsonReason.of(e));
    }
    Method method =
        json == null || json.method == null ? null : Method.byLabel(json.method).orElse(null);
    require(method != null, where, "it names no method");
    require(json.version == 1, where, "its version is " + json.version);
    require(json.sparsity >= 0 && json.sparsity < 1, where, "its sparsity is " + json.sparsity);
    int layers = config.layers();
    // Those of RELU may be left out: they are 0 then.
    boolean wanted =
        method.needsCalibration() || (method == Method.RELU && json.thresholds != null);
    int width = method.thresholds(config);
    require(
        wanted == (json.thresholds != null) && (!wanted || fits(json.thresholds, layers, width)),
        where,
        method.label() + " has thresholds of another model");
    boolean table = json.inputs_by_percent != null && json.gates_by_percent != null;
    if (table) {
      boolean right =
          json.inputs_by_percent.length == layers
              && fits(json.gates_by_percent, layers, ThresholdTable.PERCENTS);
      for (int l = 0; right && l < layers; l++) {
        right =
            fits(
                json.inputs_by_percent[l],
                Projection.Site.values().length,
                ThresholdTable.PERCENTS);
      }
      require(right, where, "its table is that of another model");
    }
    boolean units = json.unit_factors != null || json.unit_scores_by_percent != null;
    require(
        !units
            || (table
                && fits(json.unit_factors, layers, config.hidden())
                && fits(json.unit_scores_by_percent, layers, ThresholdTable.PERCENTS)
                && positive(json.unit_factors)),
        where,
        "its table of hidden units is that of another model");
    boolean weighed = json.input_factors != null || json.input_scores_by_percent != null;
    require(
        !weighed || (table && weighs(json, config)),
        where,
        "its table of weighed inputs is that of another model");
    Remainder[][] remainders = method == Method.R_SPARSE ? factors.apply(json.kept) : null;
    return new StoredActivation(
        method == Method.DECLARED
            ? declared(json.blocks, config, where)
            : new ActivationSetting(method, json.sparsity, json.thresholds, remainders),
        table
            ? Optional.of(
                new ThresholdTable(
                    json.inputs_by_percent,
                    json.gates_by_percent,
                    units
                        ? Optional.of(
                            new ThresholdTable.Units(
                                json.unit_factors, json.unit_scores_by_percent))
                        : Optional.empty(),
                    weighed
                        ? Optional.of(
                            new ThresholdTable.Weighed(
                                json.input_factors, json.input_scores_by_percent))
                        : Optional.empty()))
            : Optional.empty());
  }

  private static ActivationSetting declared(
      StoredBlock[] blocks, DecoderConfig config, Path where) {
    String reason = "its blocks are those of another model";
    require(blocks != null && blocks.length == config.layers(), where, reason);
    List<BlockActivation> all = new ArrayList<>();
    for (StoredBlock stored : blocks) {
      Optional<BlockActivation> block = stored == null ? Optional.empty() : stored.block(config);
      require(block.isPresent(), where, reason);
      all.add(block.get());
    }
    return ActivationSetting.declared(all);
  }

  private static boolean fits(float[][] values, int rows, int cols) {
    if (values == null || values.length != rows) {
      return false;
    }
    for (float[] row : values) {
      if (row == null || row.length != cols) {
        return false;
      }
      for (float v : row) {
        if (!Float.isFinite(v)) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean weighs(Json json, DecoderConfig config) {
    Projection.Site[] sites = Projection.Site.values();
    float[][][] factors = json.input_factors;
    float[][][] scores = json.input_scores_by_percent;
    if (factors == null
        || scores == null
        || factors.length != config.layers()
        || scores.length != factors.length) {
      return false;
    }
    for (int l = 0; l < factors.length; l++) {
      if (factors[l] == null
          || factors[l].length != sites.length
          || !fits(scores[l], sites.length, ThresholdTable.PERCENTS)) {
        return false;
      }
      for (int s = 0; s < sites.length; s++) {
        float[][] one = {factors[l][s]};
        if (!fits(one, 1, sites[s].width(config)) || !notNegative(factors[l][s])) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean notNegative(float... values) {
    return IntStream.range(0, values.length).allMatch(i -> values[i] >= 0);
  }

  private static boolean positive(float[][] values) {
    return Arrays.stream(values)
        .allMatch(row -> IntStream.range(0, row.length).allMatch(i -> row[i] > 0));
  }

  private static void require(boolean holds, Object where, String reason) {
    if (!holds) {
      throw new FiligreeException(Message.FIL_0732, where, reason);
    }
  }
}
