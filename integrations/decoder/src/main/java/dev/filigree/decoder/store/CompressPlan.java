package dev.filigree.decoder.store;

import dev.filigree.criterion.LayerPlans;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.sparsity.DecoderPruning;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.file.DataDigest;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.Pattern;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * How a decoder is compressed.
 *
 * @param weights how which of its projections are pruned
 * @param activation which activations are to be skipped, where that is to be found
 * @param kept which are skipped where {@code activation} says nothing: what the model's directory
 *     says, or what was declared on the blocks it was trained with
 * @param values type of stored weights
 * @param sequences calibration ids; empty where there are none
 * @param calibration which data those are, where there are some
 * @param mode where calibration inputs of weights come from
 */
public record CompressPlan(
    LayerPlans weights,
    Optional<SparsitySpec.Activation> activation,
    Optional<StoredActivation> kept,
    ValueType values,
    List<int[]> sequences,
    Optional<DataDigest> calibration,
    DecoderPruning.Mode mode) {

  /**
   * Nothing is pruned; what a trained model declares is kept.
   *
   * @param activation {@code CausalDecoder.activation()}
   */
  public static CompressPlan keeping(ActivationSetting activation, ValueType values) {
    return new CompressPlan(
        LayerPlans.none(),
        Optional.empty(),
        StoredActivation.ofDeclared(activation),
        values,
        List.of(),
        Optional.empty(),
        DecoderPruning.Mode.SEQUENTIAL);
  }

  /** Every projection pruned by the same plan, or none. */
  public CompressPlan(
      Optional<OneShotPlan> weights,
      Optional<SparsitySpec.Activation> activation,
      ValueType values,
      List<int[]> sequences,
      Optional<DataDigest> calibration,
      DecoderPruning.Mode mode) {
    this(
        weights.map(LayerPlans::all).orElseGet(LayerPlans::none),
        activation,
        Optional.empty(),
        values,
        sequences,
        calibration,
        mode);
  }

  /** The settings of pruning, as a receipt holds them. */
  Map<String, String> pruning(OneShotPlan plan) {
    Map<String, String> out = new LinkedHashMap<>();
    out.put("method", plan.method().label());
    out.put("pattern", plan.pattern().text());
    if (!(plan.pattern() instanceof Pattern.NM)) {
      out.put("sparsity", String.valueOf(plan.sparsity()));
      out.put("scope", plan.scope().name().toLowerCase(Locale.ROOT));
    }
    if (plan.needsInputs()) {
      out.put("calibration_mode", mode.name().toLowerCase(Locale.ROOT));
    }
    return out;
  }
}
