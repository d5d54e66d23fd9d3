package dev.filigree.djl.bind;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import dev.filigree.plan.ActivationPlan;
import dev.filigree.plan.LayerPlan;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/**
 * What is kept beside one layer. Never refers to the block itself, so that the block can be
 * collected.
 */
public final class Binding {

  /** The part a layer plays in a gated feed-forward block whose type declares a method. */
  public enum Role {
    /** A layer of its own. */
    ALONE,
    /** Its output goes through f; under CATS, CHESS and RELU it decides what is skipped. */
    GATE,
    /** Multiplied with the gate, so that what the gate skips is zero whatever it computes. */
    UP,
    /** Takes the product, so that its input has the zeros. */
    DOWN
  }

  /** Of blocks that are no layers. */
  static final Binding NONE = new Binding();

  private final String path;
  private final String type;
  private final LayerKind kind;
  private final boolean packable;
  private final List<Parameter> weights;
  private final Optional<Parameter> bias;
  private final LongAdder packedForwards = new LongAdder();
  private volatile Optional<LayerPlan> plan = Optional.empty();
  private volatile Role role = Role.ALONE;
  private volatile String reason = "";
  private volatile LatentWeights latent;
  private volatile ServingOperator serving;
  private volatile Binding block;
  private volatile PinnedMasks pinned;
  private volatile Object group;

  private Binding() {
    path = "";
    type = "";
    kind = LayerKind.WEIGHTLESS;
    packable = false;
    weights = List.of();
    bias = Optional.empty();
  }

  Binding(String path, Block block, LayerKind kind) {
    this.path = path;
    this.type = block.getClass().getSimpleName();
    this.kind = kind;
    this.packable = block.getClass() == ai.djl.nn.core.Linear.class;
    this.weights = LayerKind.weights(block);
    this.bias =
        block.getDirectParameters().values().stream()
            .filter(p -> p.getType() == Parameter.Type.BIAS)
            .findFirst();
  }

  void assign(Optional<LayerPlan> declared, Role newRole, String declaredReason) {
    PinnedMasks masks = pinned;
    Optional<LayerPlan> newPlan = declared;
    String newReason = declaredReason;
    if (masks != null) {
      newPlan =
          Optional.of(
              new LayerPlan(
                  Optional.of(masks.plan()),
                  declared.flatMap(LayerPlan::activation),
                  declared.map(LayerPlan::origin).orElse("Filigree.prune")));
      newReason = "";
    }
    ServingOperator before = serving;
    if (before != null && !activation(plan).equals(activation(newPlan))) {
      // Its activation rule was made for another declaration.
      serving = before.withoutActivations();
    }
    if (block != null && !activation(plan).equals(activation(newPlan))) {
      block.serving = null;
    }
    plan = newPlan;
    role = newRole;
    reason = newReason;
  }

  private static Optional<ActivationPlan> activation(Optional<LayerPlan> p) {
    return p.flatMap(LayerPlan::activation);
  }

  /** Child names joined by {@code /}. */
  public String path() {
    return path;
  }

  /** Simple class name of the layer. */
  public String type() {
    return type;
  }

  public LayerKind kind() {
    return kind;
  }

  /** Whether packed operators may answer for it: exactly DJL's Linear, whose forward is known. */
  public boolean isPackable() {
    return packable;
  }

  /** Parameters that masks act on, in their order. */
  public List<Parameter> weights() {
    return weights;
  }

  /** The bias of a Linear, if it has one. */
  public Optional<Parameter> bias() {
    return bias;
  }

  /** What it is asked to do; empty where nothing. */
  public Optional<LayerPlan> plan() {
    return plan;
  }

  public Role role() {
    return role;
  }

  /** Whether it is a part of a block that skips hidden units, as the outputs of its gate decide. */
  public boolean skipsUnits() {
    return role != Role.ALONE && activation(plan).filter(a -> a.method().skipsUnits()).isPresent();
  }

  /** Whether its own outputs decide which hidden units its block skips. */
  public boolean decidesUnits() {
    return role == Role.GATE && skipsUnits();
  }

  /** Why it is left alone; empty where it is not. */
  public String reason() {
    return reason;
  }

  /** Weights of a straight-through method, while they are latent; else null. */
  public LatentWeights latent() {
    return latent;
  }

  public void setLatent(LatentWeights weights) {
    latent = weights;
  }

  /** What answers its forward at inference; else null. */
  public ServingOperator serving() {
    return serving;
  }

  public void setServing(ServingOperator operator) {
    serving = operator;
  }

  /** The block that may be answered whole, of which this layer is a part; else null. */
  public Binding block() {
    return block;
  }

  void setBlock(Binding whole) {
    block = whole;
  }

  /** The same object for gate, up and down of one declaration; null for a layer that is alone. */
  public Object group() {
    return group;
  }

  void setGroup(Object of) {
    group = of;
  }

  /** Masks that hold from now on, or null. */
  public PinnedMasks pinned() {
    return pinned;
  }

  /** Holds masks from the next bind on; null lets go of them. */
  public void pin(PinnedMasks masks) {
    pinned = masks;
  }

  /** Forward passes that a packed operator answered. */
  public LongAdder packedForwards() {
    return packedForwards;
  }
}
