package dev.filigree.djl.prune;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.bind.LayerKind;
import dev.filigree.djl.bind.WeightLayout;
import dev.filigree.djl.train.Weights;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Globs;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Chooses the weights that are pruned.
 *
 * @param chosen in the order of the model
 * @param skipped the others that have a maskable weight, with the reason
 */
record Targets(List<Target> chosen, List<PruneReport.Layer> skipped) {

  /** The layers a plan takes. */
  static Targets of(Block root, List<Bindings.Layer> layers, PrunePlan plan) {
    boolean declared =
        plan.include().isEmpty()
            && layers.stream()
                .anyMatch(l -> l.binding().plan().flatMap(p -> p.weight()).isPresent());
    List<Target> chosen = new ArrayList<>();
    List<PruneReport.Layer> skipped = new ArrayList<>();
    Map<String, String> files = files(root);
    Set<Parameter> seen = new HashSet<>();
    for (int i = 0; i < layers.size(); i++) {
      Bindings.Layer layer = layers.get(i);
      Binding b = layer.binding();
      if (!b.kind().isMaskable()) {
        continue;
      }
      String why = skipReason(layers, i, plan, declared);
      if (why.isEmpty()) {
        for (Parameter p : b.weights()) {
          String reason = seen.add(p) ? illegal(b, p, plan.layers(), plan) : "it is shared";
          if (reason.isEmpty()) {
            chosen.add(target(layer, p, files, plan.layers()));
          } else {
            skipped.add(skipped(b, p, files, reason));
          }
        }
      } else {
        b.weights().forEach(p -> skipped.add(skipped(b, p, files, why)));
      }
    }
    if (chosen.isEmpty()) {
      String reasons =
          skipped.isEmpty()
              ? "the model has no Linear, convolution or recurrent layer"
              : skipped.stream()
                  .limit(5)
                  .map(l -> l.path() + " (" + l.skipped() + ")")
                  .collect(Collectors.joining(", "));
      throw new FiligreeException(
          Message.FIL_0223,
          reasons,
          skipped.stream().limit(5).map(PruneReport.Layer::path).collect(Collectors.joining(", ")));
    }
    return new Targets(chosen, skipped);
  }

  /** Exactly these layers, each by its own plan. */
  static Targets declared(Block root, Map<Bindings.Layer, OneShotPlan> plans) {
    Map<String, String> files = files(root);
    List<Target> chosen = new ArrayList<>();
    Set<Parameter> seen = new HashSet<>();
    plans.forEach(
        (layer, plan) -> {
          for (Parameter p : layer.binding().weights()) {
            if (seen.add(p)) {
              illegal(layer.binding(), p, plan, null);
              chosen.add(target(layer, p, files, plan));
            }
          }
        });
    return new Targets(chosen, List.of());
  }

  private static Target target(
      Bindings.Layer layer, Parameter p, Map<String, String> files, OneShotPlan plan) {
    Binding b = layer.binding();
    WeightLayout layout = WeightLayout.of(b.kind(), p.getArray().getShape());
    return new Target(
        layer.block(),
        b,
        p,
        name(b, p),
        files.get(p.getId()),
        layout,
        plan,
        Target.read(p, layout));
  }

  private static String name(Binding b, Parameter p) {
    return b.weights().size() == 1 ? b.path() : b.path() + "/" + p.getName();
  }

  private static Map<String, String> files(Block root) {
    Map<String, String> names = new HashMap<>();
    for (Pair<String, Parameter> p : root.getParameters()) {
      names.putIfAbsent(p.getValue().getId(), p.getKey());
    }
    return names;
  }

  private static String skipReason(
      List<Bindings.Layer> layers, int i, PrunePlan plan, boolean declared) {
    Binding b = layers.get(i).binding();
    String path = b.path();
    if (plan.exclude().stream().anyMatch(g -> Globs.matches(g, path))) {
      return "excluded";
    }
    if (!plan.include().isEmpty()
        && plan.include().stream().noneMatch(g -> Globs.matches(g, path))) {
      return "not included";
    }
    if (declared) {
      return b.plan().flatMap(p -> p.weight()).isPresent()
          ? ""
          : b.reason().isEmpty() ? "nothing is declared for it" : b.reason();
    }
    if (plan.include().stream().anyMatch(g -> Globs.isExact(g) && g.equals(path))) {
      return "";
    }
    return Bindings.leaveAlone(layers.stream().map(Bindings.Layer::block).toList(), i);
  }

  /** Why a plan cannot prune a weight although it was chosen: skipped where that was asked for. */
  private static String illegal(Binding b, Parameter p, OneShotPlan layers, PrunePlan plan) {
    if (!p.isInitialized()) {
      throw new FiligreeException(Message.FIL_0229, b.path(), "it is not initialised");
    }
    if (!Weights.isReadable(p.getArray())) {
      throw new FiligreeException(
          Message.FIL_0229, b.path(), "its weight is of type " + p.getArray().getDataType());
    }
    boolean inputs = plan == null ? layers.needsInputs() : plan.needsInputs();
    if (inputs && b.kind() != LayerKind.LINEAR) {
      if (plan != null && plan.include().stream().noneMatch(g -> g.equals(b.path()))) {
        return "its inputs are not those of a Linear";
      }
      throw new FiligreeException(
          Message.FIL_0229, b.path(), "the method needs the inputs of a Linear");
    }
    int channels = WeightLayout.of(b.kind(), p.getArray().getShape()).channels();
    if (layers.pattern() instanceof Pattern.NM nm && channels % nm.m() != 0) {
      if (plan != null && plan.onIndivisible() == PrunePlan.Indivisible.SKIP) {
        return nm.m() + " does not divide its " + channels + " inputs";
      }
      throw new FiligreeException(
          Message.FIL_0229, b.path(), nm.m() + " does not divide its " + channels + " inputs");
    }
    return "";
  }

  private static PruneReport.Layer skipped(
      Binding b, Parameter p, Map<String, String> files, String why) {
    int rows = 0;
    int cols = 0;
    if (p.isInitialized()) {
      WeightLayout layout = WeightLayout.of(b.kind(), p.getArray().getShape());
      rows = layout.rows();
      cols = layout.cols();
    }
    return new PruneReport.Layer(
        name(b, p),
        files.get(p.getId()),
        rows,
        cols,
        (long) rows * cols,
        0,
        Double.NaN,
        Double.NaN,
        "",
        why);
  }
}
