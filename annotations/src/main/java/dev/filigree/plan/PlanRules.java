package dev.filigree.plan;

import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a declaration must obey, written once for the compiler, the recipe reader and the runtime.
 */
public final class PlanRules {
  private static final Set<Integer> KERNEL_GROUPS = Set.of(4, 8, 16);

  /** The default schedule of {@code @Sparse}. */
  public static final Declaration.Ramp SPARSE_SCHEDULE =
      new Declaration.Ramp(ScheduleKind.CUBIC, 0, 0.6, 20, 3);

  /** The default schedule of {@code @NMSparse}. */
  public static final Declaration.Ramp NM_SCHEDULE =
      new Declaration.Ramp(ScheduleKind.CONSTANT, 0, 1, 1, 3);

  /** The default {@code lambda} of {@code @NMSparse}. */
  public static final double NM_LAMBDA = 2e-4;

  /** The most that {@code TEAL_GREEDY} takes from a block, and from each of its layers. */
  public static final double GREEDY_MOST = 0.95;

  private PlanRules() {}

  /** The rules a declaration breaks, errors and warnings; empty when all is well. */
  public static List<Problem> check(Declaration declaration) {
    List<Problem> problems = new ArrayList<>();
    if (declaration instanceof Declaration.Weights w) {
      checkWeights(w, problems);
    } else if (declaration instanceof Declaration.NM nm) {
      checkNm(nm, problems);
    } else if (declaration instanceof Declaration.Activations a) {
      checkActivations(a, problems);
    }
    Globs.check(declaration.include(), declaration.exclude(), problems);
    return problems;
  }

  /** The rules that what is said of a block with ReLU breaks. */
  public static List<Problem> check(ReluPlan relu) {
    List<Problem> problems = new ArrayList<>();
    checkRelu(relu, problems);
    return problems;
  }

  /** The rules a schedule breaks. */
  public static List<Problem> check(Declaration.Ramp ramp) {
    List<Problem> problems = new ArrayList<>();
    checkRamp(ramp, problems);
    return problems;
  }

  /** What a legal weight declaration means. */
  public static WeightPlan weightPlan(Declaration declaration) {
    if (declaration instanceof Declaration.NM nm) {
      double sparsity = (nm.m() - nm.n()) / (double) nm.m();
      return new WeightPlan(
          new Pattern.NM(nm.n(), nm.m()),
          sparsity,
          nm.criterion(),
          Scope.ROW,
          nm.criterion().needsCalibration() ? Training.HARD : nm.training(),
          nm.lambda(),
          nm.criterion().needsCalibration() ? SchedulePlan.oneShot() : plan(nm.schedule()));
    }
    Declaration.Weights w = (Declaration.Weights) declaration;
    Pattern pattern =
        switch (w.granularity()) {
          case UNSTRUCTURED -> new Pattern.Unstructured();
          case BLOCK -> new Pattern.Block(w.block().get(0), w.block().get(1));
          case ROW -> new Pattern.Row();
          case CHANNEL -> new Pattern.Channel();
        };
    Scope scope = w.scope();
    if (scope == Scope.DEFAULT) {
      boolean rows =
          w.granularity() == Granularity.UNSTRUCTURED && w.criterion() != Criterion.SPARSEGPT;
      scope = rows ? Scope.ROW : Scope.LAYER;
    }
    return new WeightPlan(
        pattern,
        w.sparsity(),
        w.criterion(),
        scope,
        Training.HARD,
        0,
        w.criterion().needsCalibration() ? SchedulePlan.oneShot() : plan(w.schedule()));
  }

  /** One shot has no end; its start takes that place, so that the unit of the steps is clear. */
  private static SchedulePlan plan(Declaration.Ramp r) {
    double end = r.kind() == ScheduleKind.ONE_SHOT ? r.start() : r.end();
    return new SchedulePlan(r.kind(), r.start(), end, r.every(), r.power());
  }

  /** What a legal activation declaration means. */
  public static ActivationPlan activationPlan(Declaration.Activations a) {
    return new ActivationPlan(a.method(), a.sparsity(), a.relu());
  }

  /** Short form of a legal declaration for summaries, for example {@code 2:4}. */
  public static String text(Declaration declaration) {
    return declaration instanceof Declaration.Activations a
        ? activationPlan(a).text()
        : weightPlan(declaration).text();
  }

  private static void checkWeights(Declaration.Weights w, List<Problem> problems) {
    checkSparsity(w.sparsity(), problems);
    boolean block = w.granularity() == Granularity.BLOCK;
    String sizes = String.join(", ", w.block().stream().map(String::valueOf).toList());
    if (block && w.block().size() != 2) {
      problems.add(
          Problem.of(Message.FIL_0107, "block", w.block().isEmpty() ? "none" : "{" + sizes + "}"));
    } else if (!block && !w.block().isEmpty()) {
      problems.add(Problem.of(Message.FIL_0108, "block", sizes, w.granularity()));
    } else if (block) {
      int r = w.block().get(0);
      int c = w.block().get(1);
      if (r < 1 || c < 1) {
        problems.add(
            Problem.of(Message.FIL_0109, "block", sizes, Math.max(1, r) + ", " + Math.max(1, c)));
      } else if (r % 4 != 0 && c % 16 != 0) {
        // Neither blocks of 4 x 1 (and of 16 x 1) nor of 1 x 16 fill it.
        problems.add(Problem.of(Message.FIL_0106, "block", r, c));
      }
    }
    boolean whole = w.granularity() == Granularity.ROW || w.granularity() == Granularity.CHANNEL;
    if (whole && w.scope() == Scope.ROW) {
      problems.add(
          Problem.of(
              Message.FIL_0132, "scope", w.scope(), w.granularity(), "DEFAULT, LAYER, GLOBAL"));
    }
    if (w.criterion() == Criterion.SPARSEGPT && w.granularity() != Granularity.UNSTRUCTURED) {
      problems.add(
          Problem.of(
              Message.FIL_0143,
              "criterion",
              w.criterion(),
              "granularity",
              w.granularity(),
              "UNSTRUCTURED, and @NMSparse"));
    } else if (w.criterion() == Criterion.SPARSEGPT && w.scope() == Scope.GLOBAL) {
      problems.add(
          Problem.of(
              Message.FIL_0143,
              "criterion",
              w.criterion(),
              "scope",
              w.scope(),
              "DEFAULT, ROW, LAYER"));
    }
    checkUnused(w.criterion(), w.schedule(), SPARSE_SCHEDULE, problems);
    checkRamp(w.schedule(), problems);
  }

  private static void checkNm(Declaration.NM nm, List<Problem> problems) {
    if (nm.m() < 1) {
      problems.add(Problem.of(Message.FIL_0104, "m", nm.m(), 4));
    } else if (nm.n() < 1 || nm.n() > nm.m()) {
      problems.add(Problem.of(Message.FIL_0102, "n", nm.n(), nm.m(), nm.n() < 1 ? 1 : nm.m()));
    } else if (nm.n() == nm.m()) {
      problems.add(Problem.of(Message.FIL_0103, "n", nm.n(), Math.max(1, nm.m() / 2)));
    } else if (!KERNEL_GROUPS.contains(nm.m())) {
      problems.add(Problem.of(Message.FIL_0105, "m", nm.m()));
    }
    if (!Double.isFinite(nm.lambda()) || nm.lambda() < 0) {
      problems.add(
          Problem.of(Message.FIL_0110, "lambda", nm.lambda(), nm.lambda() < 0 ? "0.0" : "2.0E-4"));
    }
    checkUnused(nm.criterion(), nm.schedule(), NM_SCHEDULE, problems);
    checkRamp(nm.schedule(), problems);
  }

  /** A written schedule would be ignored; the default one cannot be told from none. */
  private static void checkUnused(
      Criterion criterion,
      Declaration.Ramp written,
      Declaration.Ramp standard,
      List<Problem> problems) {
    if (criterion.needsCalibration() && !written.equals(standard)) {
      problems.add(Problem.of(Message.FIL_0142, "schedule", "The schedule", criterion));
    }
  }

  private static void checkActivations(Declaration.Activations a, List<Problem> problems) {
    if (a.method() == ActivationMethod.RELU) {
      if (!Double.isNaN(a.sparsity())) {
        problems.add(Problem.of(Message.FIL_0834, "sparsity", "sparsity", a.method()));
      }
      checkRelu(a.relu(), problems);
    } else {
      if (Double.isNaN(a.sparsity())) {
        problems.add(Problem.of(Message.FIL_0833, "", a.method()));
      } else {
        checkSparsity(a.sparsity(), problems);
        checkGreedy(a, problems);
      }
      ReluPlan r = a.relu();
      if (!r.equals(ReluPlan.PLAIN)) {
        String given = r.threshold() != 0 ? "threshold" : r.lambda().isEmpty() ? "end" : "lambda";
        problems.add(Problem.of(Message.FIL_0834, given, given, a.method()));
      }
    }
    Map<String, String> roles = roles(a);
    if (a.method().isOfBlock()) {
      if (!(a.include().isEmpty() && a.exclude().isEmpty())) {
        String attribute = a.include().isEmpty() ? "exclude" : "include";
        problems.add(
            Problem.of(Message.FIL_0128, attribute, a.method() + ", which names its three layers"));
      }
      roles.forEach(
          (role, field) -> {
            if (field.isEmpty()) {
              problems.add(Problem.of(Message.FIL_0117, role, a.method(), role));
            }
          });
      List<String> named = roles.values().stream().filter(f -> !f.isEmpty()).toList();
      named.stream()
          .filter(f -> named.indexOf(f) != named.lastIndexOf(f))
          .findFirst()
          .ifPresent(f -> problems.add(Problem.of(Message.FIL_0121, lastRole(roles, f), f)));
    } else {
      roles.forEach(
          (role, field) -> {
            if (!field.isEmpty()) {
              problems.add(Problem.of(Message.FIL_0120, role, role, a.method()));
            }
          });
    }
  }

  /** A layer without any input computes nothing. */
  private static void checkGreedy(Declaration.Activations a, List<Problem> problems) {
    double s = a.sparsity();
    if (a.method() == ActivationMethod.TEAL_GREEDY && s > GREEDY_MOST && s < 1) {
      problems.add(Problem.of(Message.FIL_0878, "sparsity", s, GREEDY_MOST, GREEDY_MOST));
    }
  }

  private static void checkRelu(ReluPlan relu, List<Problem> problems) {
    double t = relu.threshold();
    if (!Double.isFinite(t) || t < 0) {
      problems.add(Problem.of(Message.FIL_0837, "threshold", t, t < 0 ? "0.0" : "0.01"));
    }
    relu.lambda().stream()
        .filter(l -> !Double.isFinite(l) || l < 0)
        .findFirst()
        .ifPresent(
            l -> problems.add(Problem.of(Message.FIL_0110, "lambda", l, l < 0 ? "0.0" : "0.05")));
    if (!relu.end().isEmpty() && !areEnds(relu.end(), relu.lambda().size())) {
      String found = String.join(", ", relu.end().stream().map(String::valueOf).toList());
      problems.add(Problem.of(Message.FIL_0836, "end", found, relu.lambda().size()));
    }
  }

  private static boolean areEnds(List<Double> ends, int stages) {
    boolean fractions = ends.stream().allMatch(e -> e <= 1);
    double before = 0;
    for (double e : ends) {
      if (!(e > before) || !(fractions || (Double.isFinite(e) && e == Math.rint(e)))) {
        return false;
      }
      before = e;
    }
    return ends.size() == stages;
  }

  /** The field named for each role of a block, in the order gate, up, down; empty where none is. */
  static Map<String, String> roles(Declaration.Activations a) {
    Map<String, String> roles = new LinkedHashMap<>();
    roles.put("gate", a.gate());
    roles.put("up", a.up());
    roles.put("down", a.down());
    return roles;
  }

  private static String lastRole(Map<String, String> roles, String field) {
    return roles.entrySet().stream()
        .filter(e -> e.getValue().equals(field))
        .map(Map.Entry::getKey)
        .reduce("", (first, second) -> second);
  }

  private static void checkSparsity(double s, List<Problem> problems) {
    if (!(s >= 0 && s < 1)) {
      problems.add(Problem.of(Message.FIL_0101, "sparsity", s, nearestSparsity(s)));
    }
  }

  private static String nearestSparsity(double s) {
    if (s > 1 && s < 100) {
      return java.math.BigDecimal.valueOf(s).movePointLeft(2).stripTrailingZeros().toPlainString()
          + " (if "
          + java.math.BigDecimal.valueOf(s).stripTrailingZeros().toPlainString()
          + " % was meant)";
    }
    return s < 0 ? "0.0" : s >= 1 ? "0.99" : "0.5";
  }

  private static void checkRamp(Declaration.Ramp r, List<Problem> problems) {
    boolean window = r.kind() != ScheduleKind.ONE_SHOT;
    boolean absolute = r.start() > 1 || (window && r.end() > 1);
    boolean legal = checkStep("start", r.start(), absolute, "0.0", problems);
    if (window) {
      String end = absolute ? String.valueOf(Math.rint(Math.max(r.start(), 0)) + 1) : "1.0";
      legal &= checkStep("end", r.end(), absolute, end, problems);
    }
    if (legal && window && r.end() <= r.start()) {
      String end = absolute ? String.valueOf(r.start() + 1) : r.start() < 1 ? "1.0" : "2.0";
      problems.add(Problem.of(Message.FIL_0111, "end", r.start(), r.end(), end));
    }
    if (r.every() < 1) {
      problems.add(Problem.of(Message.FIL_0113, "every", r.every()));
    }
    if (!Double.isFinite(r.power()) || r.power() <= 0) {
      problems.add(Problem.of(Message.FIL_0114, "power", r.power(), 3.0));
    }
  }

  private static boolean checkStep(
      String attribute, double v, boolean absolute, String lowest, List<Problem> problems) {
    if (Double.isFinite(v) && v >= 0 && (absolute ? v == Math.rint(v) : v <= 1)) {
      return true;
    }
    double least = Double.parseDouble(lowest);
    String nearest = Double.isFinite(v) ? String.valueOf(Math.max(least, Math.rint(v))) : lowest;
    problems.add(Problem.of(Message.FIL_0112, attribute, attribute, v, nearest));
    return false;
  }
}
