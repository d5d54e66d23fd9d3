package dev.filigree.djl.bind;

import ai.djl.nn.Block;
import ai.djl.util.Pair;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.plan.ActivationPlan;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.Globs;
import dev.filigree.plan.LayerPlan;
import dev.filigree.plan.Message;
import dev.filigree.plan.PlanRules;
import dev.filigree.plan.Problem;
import dev.filigree.plan.WeightPlan;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Walks a block tree and decides for every layer which declaration applies: the nearest one, per
 * kind of sparsity.
 */
final class PlanResolver {

  /** A layer with what applies to it. */
  record Resolved(
      String path,
      Block block,
      LayerKind kind,
      Optional<LayerPlan> plan,
      Binding.Role role,
      String reason,
      boolean named) {}

  /** One declaration in force at some point of the walk. */
  private record Active(
      Declaration declaration,
      String origin,
      int depth,
      boolean onType,
      String basePath,
      Block target) {}

  private final List<Resolved> layers = new ArrayList<>();
  private final Set<String> errors = new LinkedHashSet<>();
  private final Set<String> warnings = new LinkedHashSet<>();
  private final IdentityHashMap<Block, List<Active>> byTarget = new IdentityHashMap<>();
  private final IdentityHashMap<Block, Binding.Role> roles = new IdentityHashMap<>();
  private final IdentityHashMap<Block, Active> cats = new IdentityHashMap<>();
  private final IdentityHashMap<Block, Boolean> seen = new IdentityHashMap<>();

  static PlanResolver walk(Block root) {
    PlanResolver r = new PlanResolver();
    r.visit(root, "", 0, List.of());
    return r;
  }

  List<Resolved> layers() {
    return layers;
  }

  /** Every block of the tree. */
  Set<Block> visited() {
    return seen.keySet();
  }

  Set<String> errors() {
    return errors;
  }

  Set<String> warnings() {
    return warnings;
  }

  private void visit(Block block, String path, int depth, List<Active> inherited) {
    if (seen.put(block, true) != null) {
      return;
    }
    List<Active> active = new ArrayList<>(inherited);
    ClassPlan plan = ClassPlan.of(block.getClass());
    String type = "type " + block.getClass().getSimpleName();
    for (Declaration d : plan.type()) {
      Active a = new Active(d, type, depth, true, path, block);
      if (legal(a) && !assignCats(a, block)) {
        active.add(a);
      }
    }
    for (ClassPlan.AnnotatedField f : plan.fields()) {
      for (Block target : f.blocks(block)) {
        addTarget(target, f.declarations(), f.origin());
      }
    }
    Declared.Entry outside = Declared.of(block);
    if (outside != null) {
      addTarget(block, outside.declarations(), outside.origin());
    }
    for (Active a : byTarget.getOrDefault(block, List.of())) {
      active.add(new Active(a.declaration(), a.origin(), depth, false, path, block));
    }
    LayerKind kind = LayerKind.of(block);
    if (kind != LayerKind.WEIGHTLESS) {
      layers.add(
          resolve(
              block, kind, path.isEmpty() ? block.getClass().getSimpleName() : path, path, active));
      if (kind == LayerKind.EMBEDDING) {
        return;
      }
    }
    visitChildren(block, path, depth, active);
  }

  private void visitChildren(Block block, String path, int depth, List<Active> active) {
    List<String> names = new ArrayList<>();
    for (Pair<String, Block> child : block.getChildren()) {
      names.add(plainName(child.getKey()));
    }
    int i = 0;
    for (Pair<String, Block> child : block.getChildren()) {
      String plain = names.get(i++);
      boolean unique = names.indexOf(plain) == names.lastIndexOf(plain);
      String name = unique ? plain : child.getKey();
      visit(child.getValue(), path.isEmpty() ? name : path + "/" + name, depth + 1, active);
    }
  }

  /** DJL puts a running number before every child name. */
  private static String plainName(String key) {
    int i = 0;
    while (i < key.length() && Character.isDigit(key.charAt(i))) {
      i++;
    }
    return i < key.length() ? key.substring(i) : key;
  }

  private void addTarget(Block target, List<Declaration> declarations, String origin) {
    for (Declaration d : declarations) {
      Active a = new Active(d, origin, 0, false, "", target);
      if (legal(a)) {
        byTarget.computeIfAbsent(target, t -> new ArrayList<>()).add(a);
      }
    }
  }

  private boolean legal(Active a) {
    boolean ok = true;
    for (Problem p : PlanRules.check(a.declaration())) {
      (p.isError() ? errors : warnings).add(p.text() + " (" + a.origin() + ")");
      ok &= !p.isError();
    }
    return ok;
  }

  private boolean assignCats(Active a, Block owner) {
    if (!(a.declaration() instanceof Declaration.Activations d)
        || d.method() != ActivationMethod.CATS) {
      return false;
    }
    String[] fields = {d.gate(), d.up(), d.down()};
    Binding.Role[] parts = {Binding.Role.GATE, Binding.Role.UP, Binding.Role.DOWN};
    for (int i = 0; i < fields.length; i++) {
      Block part = ClassPlan.named(owner, fields[i]);
      if (part == null) {
        errors.add(
            Message.FIL_0118.text(
                parts[i].name().toLowerCase(java.util.Locale.ROOT),
                fields[i],
                owner.getClass().getName(),
                "see the class"));
        return true;
      }
      roles.put(part, parts[i]);
      cats.put(part, a);
    }
    return true;
  }

  private Resolved resolve(
      Block block, LayerKind kind, String shown, String path, List<Active> active) {
    Active weight = null;
    Active activation = null;
    for (Active a : active) {
      if (!matches(a, path)) {
        continue;
      }
      if (a.declaration() instanceof Declaration.Activations) {
        activation = nearest(activation, a, shown);
      } else {
        weight = nearest(weight, a, shown);
      }
    }
    Binding.Role role = roles.getOrDefault(block, Binding.Role.ALONE);
    if (role != Binding.Role.ALONE) {
      activation = cats.get(block);
    }
    boolean named =
        (weight != null && isNamed(weight, block, path))
            || (activation != null && isNamed(activation, block, path));
    if (weight == null && activation == null) {
      return new Resolved(shown, block, kind, Optional.empty(), role, "", false);
    }
    if (kind == LayerKind.EMBEDDING || kind == LayerKind.UNSUPPORTED) {
      String what = block.getClass().getSimpleName();
      String text =
          kind == LayerKind.EMBEDDING
              ? Message.FIL_0126.text(shown)
              : Message.FIL_0125.text(shown, what);
      if (named) {
        errors.add(text);
      }
      String why =
          kind == LayerKind.EMBEDDING
              ? "embedding"
              : "a " + what + " has no weight that can be made sparse";
      return new Resolved(shown, block, kind, Optional.empty(), role, why, false);
    }
    if (activation != null && kind != LayerKind.LINEAR) {
      if (isNamed(activation, block, path)) {
        errors.add(Message.FIL_0130.text("@ActivationSparse", shown));
      }
      activation = null;
    }
    LayerPlan plan =
        new LayerPlan(
            Optional.ofNullable(weight).map(a -> PlanRules.weightPlan(a.declaration())),
            Optional.ofNullable(activation)
                .map(a -> activationPlan((Declaration.Activations) a.declaration())),
            weight != null ? weight.origin() : activation == null ? "" : activation.origin());
    WeightPlan w = plan.weight().orElse(null);
    if (kind == LayerKind.RECURRENT
        && w != null
        && w.training() == dev.filigree.annotations.Training.SR_STE) {
      errors.add(Message.FIL_0131.text(shown));
      return new Resolved(
          shown, block, kind, Optional.empty(), role, "SR-STE is not for recurrent layers", false);
    }
    boolean empty = plan.weight().isEmpty() && plan.activation().isEmpty();
    return new Resolved(
        shown, block, kind, empty ? Optional.empty() : Optional.of(plan), role, "", named);
  }

  private static ActivationPlan activationPlan(Declaration.Activations d) {
    return new ActivationPlan(d.method(), d.sparsity());
  }

  private Active nearest(Active best, Active next, String path) {
    if (best == null) {
      return next;
    }
    boolean wins =
        next.depth() > best.depth()
            || (next.depth() == best.depth() && best.onType() && !next.onType());
    Active winner = wins ? next : best;
    warnings.add(Message.FIL_0203.text(path, best.origin(), next.origin(), winner.origin()));
    return winner;
  }

  private static boolean matches(Active a, String path) {
    if (!a.onType()) {
      return true;
    }
    String relative = relative(a, path);
    Declaration d = a.declaration();
    boolean in =
        d.include().isEmpty() || d.include().stream().anyMatch(g -> Globs.matches(g, relative));
    return in && d.exclude().stream().noneMatch(g -> Globs.matches(g, relative));
  }

  /**
   * Whether the declaration means this very layer, so that the defaults for types do not leave it
   * alone.
   */
  private static boolean isNamed(Active a, Block block, String path) {
    if (!a.onType()) {
      return a.target() == block;
    }
    boolean role =
        a.declaration() instanceof Declaration.Activations d && d.method() == ActivationMethod.CATS;
    String relative = relative(a, path);
    return role
        || a.declaration().include().stream().anyMatch(g -> Globs.isExact(g) && g.equals(relative));
  }

  private static String relative(Active a, String path) {
    return a.basePath().isEmpty() || path.length() <= a.basePath().length()
        ? path
        : path.substring(a.basePath().length() + 1);
  }
}
