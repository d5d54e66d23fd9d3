package dev.filigree.djl.bind;

import ai.djl.nn.AbstractSymbolBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import com.google.common.collect.MapMaker;
import dev.filigree.annotations.Training;
import dev.filigree.djl.block.GatedFeedForward;
import dev.filigree.djl.block.SharedInput;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerPlan;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All bindings of this class loader's models, kept beside the blocks in identity-weak maps. */
public final class Bindings {
  private static final Logger LOG = LoggerFactory.getLogger(Bindings.class);

  /** Layers with fewer weights are left alone by declarations on types. */
  public static final long SMALL_LAYER = 10_000;

  private static final Map<Block, Binding> BY_BLOCK = new MapMaker().weakKeys().makeMap();
  private static final Map<Block, Root> ROOTS = new MapMaker().weakKeys().makeMap();
  private static final Map<Block, Provenance> PROVENANCE = new MapMaker().weakKeys().makeMap();

  /**
   * What is remembered of a root: who adjusts its plans, whether it was stripped, and the warnings
   * that were given.
   */
  private record Root(UnaryOperator<LayerPlan> adjust, boolean stripped, Set<String> warned) {
    Root(UnaryOperator<LayerPlan> adjust, boolean stripped) {
      this(adjust, stripped, ConcurrentHashMap.newKeySet());
    }
  }

  /** A layer of a root with its binding. */
  public record Layer(Block block, Binding binding) {}

  /**
   * The layers of a root in model order, the blocks that may be answered whole, and what was wrong.
   */
  public record Result(List<Layer> layers, List<Layer> blocks, List<String> errors) {

    /**
     * The layers, where all declarations are legal.
     *
     * @throws FiligreeException the first broken rule
     */
    public List<Layer> orThrow() {
      if (!errors.isEmpty()) {
        throw new FiligreeException(Message.FIL_0218, String.join("; ", errors));
      }
      return layers;
    }
  }

  private Bindings() {}

  /**
   * The binding of a layer, or null where it was never seen. Layers without a plan have a binding
   * without one.
   */
  public static Binding get(Block block) {
    return BY_BLOCK.get(block);
  }

  /** Whether a root was walked before. */
  public static boolean isKnownRoot(Block root) {
    return ROOTS.containsKey(root);
  }

  /**
   * Walks a root and binds its layers; what is bound already keeps its state. Cheap enough for
   * every new trainer or predictor.
   */
  public static Result bind(Block root) {
    Root known = ROOTS.computeIfAbsent(root, r -> new Root(UnaryOperator.identity(), false));
    return bind(root, known);
  }

  /**
   * The same with every plan passed through a function, which may return null for no plan;
   * remembered for this root.
   */
  public static Result bind(Block root, UnaryOperator<LayerPlan> adjust) {
    Root known = new Root(adjust, false);
    ROOTS.put(root, known);
    unpin(root);
    return bind(root, known);
  }

  /** Forgets every plan of a root and does not bind it again by itself. */
  public static void strip(Block root) {
    Root none = new Root(UnaryOperator.identity(), true);
    ROOTS.put(root, none);
    unpin(root);
    bind(root, none);
  }

  /** How the model of this root came to its zeros, as far as it is known. */
  public static Provenance provenance(Block root) {
    return PROVENANCE.getOrDefault(root, Provenance.NONE);
  }

  /** Remembers it, in the place of what was known before. */
  public static void setProvenance(Block root, Provenance provenance) {
    PROVENANCE.put(root, provenance);
  }

  private static void unpin(Block block) {
    PROVENANCE.remove(block);
    Binding binding = BY_BLOCK.get(block);
    if (binding != null) {
      binding.pin(null);
    }
    block.getChildren().forEach(child -> unpin(child.getValue()));
  }

  /**
   * Whether a block has weights, children or declarations, so that a tree with it must be walked.
   */
  public static boolean mayMatter(Block block) {
    return !block.getDirectParameters().isEmpty()
        || !block.getChildren().isEmpty()
        || Declared.of(block) != null;
  }

  /** Remembers that a block has no binding, so that it is not looked for again. */
  public static void markUnbound(Block block) {
    BY_BLOCK.putIfAbsent(block, Binding.NONE);
  }

  /** Lets go of everything that serves the layers of a root. */
  public static void release(Block root) {
    Result result = bind(root);
    result.blocks().forEach(b -> b.binding().setServing(null));
    for (Layer l : result.layers()) {
      ServingOperator serving = l.binding().serving();
      l.binding().setServing(null);
      if (serving != null) {
        serving.release();
      }
      l.binding().setLatent(null);
    }
  }

  private static Result bind(Block root, Root known) {
    if (root instanceof AbstractSymbolBlock) {
      return new Result(List.of(), List.of(), List.of());
    }
    PlanResolver resolver = PlanResolver.walk(root);
    List<PlanResolver.Resolved> resolved = resolver.layers();
    List<String> errors = new ArrayList<>(resolver.errors());
    Map<String, Integer> uses = parameterUses(resolved);
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < resolved.size(); i++) {
      PlanResolver.Resolved r = resolved.get(i);
      Binding binding =
          BY_BLOCK.compute(
              r.block(),
              (b, old) ->
                  old == null || old == Binding.NONE ? new Binding(r.path(), b, r.kind()) : old);
      Optional<LayerPlan> plan = known.stripped() ? Optional.empty() : r.plan().map(known.adjust());
      String reason = r.reason();
      if (plan.isPresent()) {
        List<Block> all = resolved.stream().map(PlanResolver.Resolved::block).toList();
        String skip = r.named() ? "" : leaveAlone(all, i);
        String impossible = impossible(r, plan.get(), uses);
        if (!impossible.isEmpty()) {
          errors.add(impossible);
          skip = impossible;
        }
        if (!skip.isEmpty()) {
          plan = Optional.empty();
          reason = skip;
        }
      }
      binding.assign(plan, r.role(), reason);
      binding.setGroup(resolver.group(r.block()));
      layers.add(new Layer(r.block(), binding));
    }
    List<Layer> wholes = new ArrayList<>();
    resolver.wholes().forEach((block, path) -> wholes.add(new Layer(block, whole(block, path))));
    resolver.visited().forEach(Bindings::markUnbound);
    resolver.warnings().stream().filter(known.warned()::add).forEach(LOG::warn);
    return new Result(List.copyOf(layers), List.copyOf(wholes), errors);
  }

  /** The binding of a block that may be answered whole; its layers point to it. */
  private static Binding whole(Block block, String path) {
    Binding binding =
        BY_BLOCK.compute(
            block,
            (b, old) ->
                old == null || old == Binding.NONE
                    ? new Binding(path, b, LayerKind.WEIGHTLESS)
                    : old);
    for (Block part : parts(block)) {
      Binding layer = part == null ? null : BY_BLOCK.get(part);
      if (layer != null && layer != Binding.NONE) {
        layer.setBlock(binding);
      }
    }
    return binding;
  }

  /** The layers of a block that may be answered whole, in the order its operator has them. */
  public static List<Block> parts(Block block) {
    return block instanceof GatedFeedForward g
        ? Arrays.asList(g.gate(), g.up(), g.down())
        : block instanceof SharedInput s ? s.projections() : List.of();
  }

  /**
   * The defaults for declarations on types and composites: why this layer is left alone, or empty.
   *
   * @param all the layers of a model in their order
   */
  public static String leaveAlone(List<Block> all, int i) {
    boolean last = all.stream().skip(i + 1L).noneMatch(l -> LayerKind.of(l).isMaskable());
    if (last && all.stream().limit(i).anyMatch(l -> LayerKind.of(l).isMaskable())) {
      return "output head";
    }
    if (i == 0 && LayerKind.of(all.get(i)) == LayerKind.CONVOLUTION) {
      return "first convolution";
    }
    List<Parameter> weights = LayerKind.weights(all.get(i));
    if (weights.stream().allMatch(p -> p.getShape() != null)) {
      long size = weights.stream().mapToLong(p -> p.getShape().size()).sum();
      if (size < SMALL_LAYER) {
        return String.format(java.util.Locale.ROOT, "%,d weights, below %,d", size, SMALL_LAYER);
      }
    }
    return "";
  }

  /** What the shapes or the sharing of weights forbid: the message, or empty. */
  private static String impossible(
      PlanResolver.Resolved r, LayerPlan plan, Map<String, Integer> uses) {
    if (plan.weight().isEmpty()) {
      return "";
    }
    for (Parameter p : LayerKind.weights(r.block())) {
      if (plan.weight().get().training() == Training.SR_STE && uses.get(p.getId()) > 1) {
        return Message.FIL_0206.text(
            r.path(), "it is shared by " + uses.get(p.getId()) + " layers");
      }
      if (plan.weight().get().pattern() instanceof Pattern.NM nm && p.getShape() != null) {
        int inputs = WeightLayout.of(r.kind(), p.getShape()).channels();
        if (inputs % nm.m() != 0) {
          return Message.FIL_0202.text(r.path(), nm.m(), inputs, nearestDivisor(inputs, nm.m()));
        }
      }
    }
    return "";
  }

  private static int nearestDivisor(int inputs, int m) {
    for (int d = 0; ; d++) {
      if (m + d <= inputs && inputs % (m + d) == 0) {
        return m + d;
      }
      if (m - d >= 1 && inputs % (m - d) == 0) {
        return m - d;
      }
    }
  }

  private static Map<String, Integer> parameterUses(List<PlanResolver.Resolved> layers) {
    Map<String, Integer> uses = new HashMap<>();
    for (PlanResolver.Resolved r : layers) {
      for (Parameter p : r.block().getDirectParameters().values()) {
        uses.merge(p.getId(), 1, Integer::sum);
      }
    }
    return uses;
  }
}
