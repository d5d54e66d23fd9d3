package dev.filigree.decoder.block;

import ai.djl.nn.Block;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.BlockActivation;
import dev.filigree.decoder.serve.InputChoice;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.serve.ActivationRule;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.plan.ActivationPlan;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Reads from a decoder's layers what is declared on them, as the packed decoder serves it. */
final class DeclaredActivation {
  private final DecoderConfig config;
  private final List<DecoderLayer> layers;

  private DeclaredActivation(DecoderConfig config, List<DecoderLayer> layers) {
    this.config = config;
    this.layers = layers;
  }

  /**
   * @param head or null where it is the embedding
   */
  static ActivationSetting of(CausalDecoder decoder, Block head) {
    DeclaredActivation declared = new DeclaredActivation(decoder.config(), decoder.layers());
    if (Bindings.get(decoder.layers().get(0).feedForward().gate()) == null) {
      Bindings.bind(decoder).orThrow();
    }
    if (head != null && Bindings.get(head).plan().flatMap(p -> p.activation()).isPresent()) {
      throw new FiligreeException(
          Message.FIL_0882, Bindings.get(head).path(), "all inputs of the head are used");
    }
    return declared.setting();
  }

  private ActivationSetting setting() {
    Optional<ActivationSetting> prompted = prompted();
    if (prompted.isPresent()) {
      return prompted.get();
    }
    Optional<ActivationSetting> weighed = weighed();
    if (weighed.isPresent()) {
      return weighed.get();
    }
    List<BlockActivation> blocks = new ArrayList<>();
    for (int l = 0; l < layers.size(); l++) {
      blocks.add(block(l));
    }
    if (blocks.stream().noneMatch(BlockActivation::skips)) {
      return ActivationSetting.NONE;
    }
    return alike(blocks).orElseGet(() -> ActivationSetting.declared(blocks));
  }

  /** The setting of COREINFER, where all blocks have that and nothing else. */
  private Optional<ActivationSetting> prompted() {
    ActivationPlan first = plan(binding(0, Projection.GATE)).orElse(null);
    if (first == null || first.method() != ActivationMethod.COREINFER) {
      return Optional.empty();
    }
    for (int l = 0; l < layers.size(); l++) {
      Binding gate = binding(l, Projection.GATE);
      for (Projection p : Projection.values()) {
        Binding b = binding(l, p);
        if (!plan(b).equals(isPart(p) ? Optional.of(first) : Optional.empty())) {
          return Optional.empty();
        }
        if (isPart(p)) {
          requirePlace(gate, b, p);
        }
      }
    }
    return Optional.of(
        new ActivationSetting(ActivationSetting.Method.COREINFER, first.sparsity(), null));
  }

  /**
   * The setting of WINA_THRESHOLD, where all projections have that, and one choice for an input.
   */
  private Optional<ActivationSetting> weighed() {
    ActivationPlan first = plan(binding(0, Projection.Q)).orElse(null);
    if (first == null || first.method() != ActivationMethod.WINA_THRESHOLD) {
      return Optional.empty();
    }
    float[][] thresholds = new float[layers.size()][0];
    for (int l = 0; l < thresholds.length; l++) {
      for (Projection.Site site : Projection.Site.values()) {
        float[] all = null;
        for (Projection p : site.projections()) {
          Binding b = binding(l, p);
          if (!plan(b).equals(Optional.of(first))) {
            return Optional.empty();
          }
          float[] own = rule(b, first).unitThresholds();
          if (all != null && !Arrays.equals(all, own)) {
            return Optional.empty();
          }
          all = own;
        }
        int before = thresholds[l].length;
        thresholds[l] = Arrays.copyOf(thresholds[l], before + all.length);
        System.arraycopy(all, 0, thresholds[l], before, all.length);
      }
    }
    return Optional.of(
        new ActivationSetting(
            ActivationSetting.Method.WINA_THRESHOLD, first.sparsity(), thresholds));
  }

  private static boolean isPart(Projection p) {
    return p == Projection.GATE || p == Projection.UP || p == Projection.DOWN;
  }

  /** The setting of CATS or RELU, where all blocks have that and nothing else. */
  private Optional<ActivationSetting> alike(List<BlockActivation> blocks) {
    ActivationPlan first = plan(binding(0, Projection.GATE)).orElse(null);
    float[][] thresholds = new float[blocks.size()][];
    boolean zero = true;
    for (int l = 0; l < thresholds.length; l++) {
      ActivationPlan own = plan(binding(l, Projection.GATE)).orElse(null);
      thresholds[l] = blocks.get(l).gates();
      if (first == null
          || own == null
          || own.method() != first.method()
          || Double.compare(own.sparsity(), first.sparsity()) != 0
          || thresholds[l].length != 1
          || own.method() == ActivationMethod.CHESS
          || blocks.get(l).inputs().stream().anyMatch(InputChoice::skips)) {
        return Optional.empty();
      }
      zero &= thresholds[l][0] == 0;
    }
    return Optional.of(
        first.method() == ActivationMethod.RELU
            ? new ActivationSetting(ActivationSetting.Method.RELU, 0, zero ? null : thresholds)
            : new ActivationSetting(ActivationSetting.Method.CATS, first.sparsity(), thresholds));
  }

  private BlockActivation block(int layer) {
    Binding gate = binding(layer, Projection.GATE);
    Optional<ActivationPlan> ofBlock = plan(gate).filter(p -> p.method().isOfBlock());
    List<InputChoice> inputs = new ArrayList<>();
    for (Projection p : Projection.values()) {
      Binding b = binding(layer, p);
      boolean part = isPart(p);
      if (part && (ofBlock.isPresent() || b.role() != Binding.Role.ALONE)) {
        requirePlace(gate, b, p);
      }
      inputs.add(
          plan(b)
              .filter(own -> !part || !own.method().skipsUnits())
              .map(own -> choice(b, own))
              .orElse(InputChoice.ALL));
    }
    Optional<ActivationPlan> ofUnits = ofBlock.filter(own -> own.method().skipsUnits());
    return BlockActivation.of(
        config,
        inputs,
        ofUnits.map(own -> gates(gate, own)).orElse(new float[0]),
        // ReLU leaves as many zeros as it leaves.
        ofUnits
            .filter(own -> own.method() != ActivationMethod.RELU)
            .map(ActivationPlan::sparsity)
            .orElse(0.0));
  }

  /**
   * CATS, CHESS, RELU, TEAL_GREEDY and COREINFER name three layers; served are those that the
   * decoder calls so.
   */
  private static void requirePlace(Binding gate, Binding b, Projection p) {
    Binding.Role expected =
        switch (p) {
          case GATE -> Binding.Role.GATE;
          case UP -> Binding.Role.UP;
          default -> Binding.Role.DOWN;
        };
    if (b.role() != expected || b.group() != gate.group()) {
      throw new FiligreeException(
          Message.FIL_0882,
          b.path(),
          "its declaration takes it for another layer than the decoder, where it is " + p.label());
    }
  }

  private static float[] gates(Binding gate, ActivationPlan plan) {
    if (plan.method() == ActivationMethod.RELU) {
      return new float[] {(float) plan.relu().threshold()};
    }
    ActivationRule rule = rule(gate, plan);
    return plan.method() == ActivationMethod.CHESS
        ? rule.unitThresholds().clone()
        : new float[] {(float) rule.threshold().orElseThrow()};
  }

  private static InputChoice choice(Binding b, ActivationPlan plan) {
    return switch (plan.method()) {
      case TEAL, TEAL_GREEDY ->
          new InputChoice(
              InputChoice.Kind.ABOVE,
              plan.sparsity(),
              (float) rule(b, plan).threshold().orElseThrow());
      case TOP_K -> new InputChoice(InputChoice.Kind.TOPK, plan.sparsity(), 0);
      case WINA -> new InputChoice(InputChoice.Kind.WINA, plan.sparsity(), 0);
      case R_SPARSE ->
          throw new FiligreeException(
              Message.FIL_0882,
              b.path(),
              "R_SPARSE is not taken over from annotations, but made for the packed decoder by"
                  + " --activation r-sparse:"
                  + plan.sparsity());
      case WINA_THRESHOLD ->
          throw new FiligreeException(
              Message.FIL_0882,
              b.path(),
              "WINA_THRESHOLD is served where all projections of all blocks declare it with the same sparsity");
      case CATS, CHESS, RELU ->
          throw new FiligreeException(
              Message.FIL_0882, b.path(), plan.method() + " is for feed-forward blocks");
      case COREINFER ->
          throw new FiligreeException(
              Message.FIL_0882,
              b.path(),
              "COREINFER is served where every block declares it with the same sparsity, and nothing else is declared");
    };
  }

  /** What calibration found; FIL-0881 where there was none. */
  private static ActivationRule rule(Binding b, ActivationPlan plan) {
    if (b.serving() instanceof LayerServing s && s.rule() != null) {
      return s.rule();
    }
    throw new FiligreeException(Message.FIL_0881, b.path(), plan.method());
  }

  private Binding binding(int layer, Projection p) {
    return Bindings.get(layers.get(layer).projection(p));
  }

  private static Optional<ActivationPlan> plan(Binding b) {
    return b.plan().flatMap(p -> p.activation());
  }
}
