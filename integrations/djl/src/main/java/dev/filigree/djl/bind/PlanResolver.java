package dev.filigree.djl.bind;

import ai.djl.nn.Block;
import ai.djl.util.Pair;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.djl.block.GatedFeedForward;
import dev.filigree.djl.block.SharedInput;
import dev.filigree.kernel.Activation;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.Declarations;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Finding;
import dev.filigree.plan.GlobMatches;
import dev.filigree.plan.Globs;
import dev.filigree.plan.LayerFamily;
import dev.filigree.plan.LayerPlan;
import dev.filigree.plan.LayerRule;
import dev.filigree.plan.Message;
import dev.filigree.plan.PlanRules;
import dev.filigree.plan.Problem;
import dev.filigree.plan.Site;
import dev.filigree.plan.SiteRules;
import dev.filigree.plan.WeightPlan;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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
      Block target) {

    Active at(int newDepth, String newBase) {
      return new Active(declaration, origin, newDepth, onType, newBase, target);
    }
  }

  private final List<Resolved> layers = new ArrayList<>();
  private final Set<String> errors = new LinkedHashSet<>();
  private final Set<String> warnings = new LinkedHashSet<>();
  private final IdentityHashMap<Block, List<Active>> byTarget = new IdentityHashMap<>();
  private final IdentityHashMap<Block, Binding.Role> roles = new IdentityHashMap<>();
  private final IdentityHashMap<Block, Object> groups = new IdentityHashMap<>();
  private final IdentityHashMap<Block, Active> cats = new IdentityHashMap<>();
  private final IdentityHashMap<Block, Boolean> seen = new IdentityHashMap<>();
  private final IdentityHashMap<Block, Boolean> collected = new IdentityHashMap<>();
  private final IdentityHashMap<Block, List<Active>> byType = new IdentityHashMap<>();

  private final IdentityHashMap<Block, String> wholes = new IdentityHashMap<>();

  private RecipeRules recipe = RecipeRules.NONE;

  static PlanResolver walk(Block root) {
    PlanResolver r = new PlanResolver();
    r.readRecipe();
    r.collect(root);
    r.warnOutside();
    r.visit(root, "", 0, List.of());
    r.warnUnmatched(root);
    return r;
  }

  private void readRecipe() {
    try {
      recipe = RecipeRules.current();
    } catch (FiligreeException e) {
      errors.add(e.getMessage());
    }
  }

  private void warnUnmatched(Block root) {
    List<String> paths =
        layers.stream().filter(l -> l.kind().isMaskable()).map(Resolved::path).toList();
    if (!paths.isEmpty()) {
      warnings.addAll(
          GlobMatches.messages(recipe.recipe(), root.getClass().getSimpleName(), paths));
    }
  }

  List<Resolved> layers() {
    return layers;
  }

  /** Blocks that say how they can be answered whole, with their paths. */
  Map<Block, String> wholes() {
    return wholes;
  }

  /** Every block of the tree. */
  Set<Block> visited() {
    return seen.keySet();
  }

  /** What gate, up and down of one declaration have in common; null for other layers. */
  Object group(Block block) {
    return groups.get(block);
  }

  Set<String> errors() {
    return errors;
  }

  Set<String> warnings() {
    return warnings;
  }

  /**
   * Gathers what is declared for single layers before any layer is resolved, because a field may
   * name a layer that stands elsewhere in the tree.
   */
  private void collect(Block block) {
    if (collected.put(block, true) != null) {
      return;
    }
    ClassPlan plan = ClassPlan.of(block.getClass());
    String type = block.getClass().getSimpleName();
    if (isLegal(plan.type(), new Site(Site.Kind.TYPE, type, type, family(block)), "type " + type)) {
      List<Active> own = new ArrayList<>();
      for (Declarations.Item item : plan.type().items()) {
        Active a = new Active(item.declaration(), "type " + type, 0, true, "", block);
        if (!assignCats(a, block)) {
          own.add(a);
        }
      }
      byType.put(block, own);
    }
    for (ClassPlan.AnnotatedField f : plan.fields()) {
      for (Block target : f.blocks(block)) {
        addTarget(target, f.declarations(), Site.Kind.FIELD, f.origin());
      }
    }
    Declared.Entry outside = Declared.of(block);
    if (outside != null) {
      addTarget(block, outside.declarations(), outside.kind(), outside.origin());
    }
    for (Pair<String, Block> child : block.getChildren()) {
      collect(child.getValue());
    }
  }

  /** A layer in an annotated field that the tree does not have would run dense unseen. */
  private void warnOutside() {
    byTarget.forEach(
        (target, active) -> {
          if (!collected.containsKey(target)) {
            warnings.add(
                Message.FIL_0219.text(active.get(0).origin(), target.getClass().getSimpleName()));
          }
        });
  }

  private void visit(Block block, String path, int depth, List<Active> inherited) {
    if (seen.put(block, true) != null) {
      return;
    }
    if (block instanceof GatedFeedForward || block instanceof SharedInput) {
      wholes.put(block, path.isEmpty() ? block.getClass().getSimpleName() : path);
    }
    List<Active> active = new ArrayList<>(inherited);
    for (Active a : byType.getOrDefault(block, List.of())) {
      active.add(a.at(depth, path));
    }
    for (Active a : byTarget.getOrDefault(block, List.of())) {
      active.add(a.at(depth, path));
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

  private void addTarget(Block target, Declarations declarations, Site.Kind kind, String origin) {
    String type = target.getClass().getSimpleName();
    String name = origin.substring(origin.indexOf(' ') + 1);
    if (isLegal(declarations, new Site(kind, name, type, family(target)), origin)) {
      for (Declarations.Item item : declarations.items()) {
        byTarget
            .computeIfAbsent(target, t -> new ArrayList<>())
            .add(new Active(item.declaration(), origin, 0, false, "", target));
      }
    }
  }

  /** A block with weights of its own may also hold layers that the declaration is for. */
  private static LayerFamily family(Block block) {
    LayerFamily family = LayerKind.of(block).family();
    return family == LayerFamily.UNSUPPORTED && !block.getChildren().isEmpty()
        ? LayerFamily.UNKNOWN
        : family;
  }

  private boolean isLegal(Declarations declarations, Site site, String origin) {
    if (declarations.isEmpty()) {
      return false;
    }
    boolean ok = true;
    for (Finding f : SiteRules.check(declarations, site)) {
      Problem p = f.problem();
      (p.isError() ? errors : warnings).add(p.text() + " (" + origin + ")");
      ok &= !p.isError();
    }
    return ok;
  }

  private boolean assignCats(Active a, Block owner) {
    if (!(a.declaration() instanceof Declaration.Activations d) || !d.method().isOfBlock()) {
      return false;
    }
    List<Problem> problems =
        SiteRules.checkRoles(d, owner.getClass().getSimpleName(), ClassPlan.families(owner));
    problems.forEach(p -> errors.add(p.text() + " (" + a.origin() + ")"));
    if (d.method() == ActivationMethod.RELU
        && owner instanceof GatedFeedForward g
        && g.activation() != Activation.RELU) {
      errors.add(Message.FIL_0838.text(a.origin(), g.activation()));
      return true;
    }
    if (problems.isEmpty()) {
      Object group = new Object();
      assign(a, owner, d.gate(), Binding.Role.GATE, group);
      assign(a, owner, d.up(), Binding.Role.UP, group);
      assign(a, owner, d.down(), Binding.Role.DOWN, group);
    }
    return true;
  }

  private void assign(Active a, Block owner, String field, Binding.Role role, Object group) {
    Block part = ClassPlan.named(owner, field);
    if (LayerKind.of(part) != LayerKind.LINEAR) {
      errors.add(
          Message.FIL_0130.text(
                  "@ActivationSparse(method = "
                      + ((Declaration.Activations) a.declaration()).method()
                      + ")",
                  "field " + field)
              + " ("
              + a.origin()
              + ")");
      return;
    }
    if (roles.put(part, role) != null) {
      errors.add(Message.FIL_0134.text(field));
    }
    cats.put(part, a);
    groups.put(part, group);
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
      if (activation != null && isNamed(activation, block, path)) {
        errors.add(Message.FIL_0134.text(shown));
      }
      activation = cats.get(block);
    }
    Optional<LayerRule> ruled = recipe.weights(shown);
    boolean left = weight != null;
    if (ruled.isPresent()) {
      weight = byRecipe(ruled.get(), RecipeRules.weightsOf(ruled.get()), block, shown);
    }
    left &= weight == null;
    Optional<LayerRule> skipping = recipe.activation(shown);
    if (skipping.filter(RecipeRules::isRelu).isPresent()) {
      activation = withRelu(activation, skipping.get(), shown);
    } else if (skipping.isPresent() && role == Binding.Role.ALONE) {
      activation = byRecipe(skipping.get(), RecipeRules.activationOf(skipping.get()), block, shown);
    } else if (skipping.isPresent() && skipping.get().names(shown)) {
      errors.add(Message.FIL_0134.text(shown));
    }
    boolean named =
        (weight != null && isNamed(weight, block, path))
            || (activation != null && isNamed(activation, block, path));
    if (weight == null && activation == null) {
      String why = left ? "recipe " + ruled.get().origin() + ", says none" : "";
      return new Resolved(shown, block, kind, Optional.empty(), role, why, false);
    }
    if (kind == LayerKind.EMBEDDING || kind == LayerKind.UNSUPPORTED) {
      String what = block.getClass().getSimpleName();
      String text =
          kind == LayerKind.EMBEDDING
              ? Message.FIL_0126.text(shown)
              : Message.FIL_0125.text(shown, what);
      if (named && family(block) != LayerFamily.UNKNOWN) {
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
                .map(a -> PlanRules.activationPlan((Declaration.Activations) a.declaration())),
            weight != null ? weight.origin() : activation == null ? "" : activation.origin());
    WeightPlan w = plan.weight().orElse(null);
    if (kind == LayerKind.RECURRENT
        && w != null
        && w.training() == dev.filigree.annotations.Training.SR_STE) {
      if (isNamed(weight, block, path)) {
        errors.add(Message.FIL_0131.text(shown));
      }
      return new Resolved(
          shown, block, kind, Optional.empty(), role, "SR-STE is not for recurrent layers", false);
    }
    if (kind != LayerKind.LINEAR && w != null && w.criterion().needsCalibration()) {
      if (isNamed(weight, block, path)) {
        errors.add(Message.FIL_0144.text(w.criterion(), shown));
      }
      String why = w.criterion() + " is for Linear layers";
      return new Resolved(shown, block, kind, Optional.empty(), role, why, false);
    }
    boolean empty = plan.weight().isEmpty() && plan.activation().isEmpty();
    return new Resolved(
        shown, block, kind, empty ? Optional.empty() : Optional.of(plan), role, "", named);
  }

  /** A declaration of the recipe for one layer; null where it says that there is none. */
  private Active byRecipe(
      LayerRule rule, Optional<Declaration> declared, Block block, String shown) {
    if (declared.isEmpty()) {
      return null;
    }
    String origin = "recipe " + rule.origin();
    PlanRules.check(declared.get())
        .forEach(p -> (p.isError() ? errors : warnings).add(p.text() + " (" + origin + ")"));
    boolean names = rule.names(shown);
    return new Active(declared.get(), origin, 0, !names, "", names ? block : null);
  }

  /** A rule with relu changes what is said of ReLU, where a block declares it. */
  private Active withRelu(Active declared, LayerRule rule, String shown) {
    if (declared != null
        && declared.declaration() instanceof Declaration.Activations a
        && a.method() == ActivationMethod.RELU) {
      Declaration.Activations changed =
          new Declaration.Activations(
              a.sparsity(),
              a.method(),
              a.gate(),
              a.up(),
              a.down(),
              rule.activation().orElseThrow().plan(),
              a.include(),
              a.exclude());
      return new Active(
          changed,
          "recipe " + rule.origin(),
          declared.depth(),
          declared.onType(),
          declared.basePath(),
          declared.target());
    }
    if (rule.names(shown)) {
      errors.add(RecipeRules.notDeclared(rule).getMessage());
    }
    return declared;
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
    boolean role = a.declaration() instanceof Declaration.Activations d && d.method().isOfBlock();
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
