package dev.filigree.djl.prune;

import ai.djl.Model;
import dev.filigree.allocate.Allocation;
import dev.filigree.allocate.AllocationPlan;
import dev.filigree.allocate.Allocations;
import dev.filigree.allocate.Evolution;
import dev.filigree.allocate.LayerUnits;
import dev.filigree.allocate.MeasuredAllocation;
import dev.filigree.allocate.Outliers;
import dev.filigree.annotations.Scope;
import dev.filigree.calibrate.LayerStatistics;
import dev.filigree.criterion.Gradients;
import dev.filigree.criterion.OneShot;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.SparsityCount;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Chooses the share of every layer. */
final class Shares {
  private final Model model;
  private final PrunePlan plan;
  private final List<Target> targets;
  private final List<LayerUnits> units;
  private Optional<Evolution.Result> search = Optional.empty();

  Shares(Model model, PrunePlan plan, List<Target> targets) {
    if (plan.layers().scope() == Scope.GLOBAL) {
      throw new FiligreeException(
          Message.FIL_0360, plan.layers().pattern().text() + " counted globally, which shares out");
    }
    this.model = model;
    this.plan = plan;
    this.targets = targets;
    this.units = targets.stream().map(Target::units).toList();
  }

  Optional<Evolution.Result> search() {
    return search;
  }

  /**
   * @param dense statistics of the untouched model; empty where the method needs none
   * @param judged what measured shares and a search may look at
   */
  Allocation choose(
      Map<Target, LayerStatistics> dense, Map<Target, Gradients> gradients, Samples judged) {
    double s = plan.layers().sparsity();
    AllocationPlan how = plan.allocation();
    if (how instanceof AllocationPlan.Er) {
      return Allocations.er(units, s);
    } else if (how instanceof AllocationPlan.Erk erk) {
      return Allocations.erk(units, s, erk.power());
    } else if (how instanceof AllocationPlan.Owl owl) {
      double[] ratios =
          targets.stream().mapToDouble(t -> outliers(t, dense.get(t), owl.m())).toArray();
      return Allocations.owl(units, ratios, s, owl.lambda());
    }
    Candidates candidates = new Candidates(targets, dense, gradients);
    Judge judge = new Judge(model, judged, plan.fitness());
    try {
      if (how instanceof AllocationPlan.Measured measured) {
        return MeasuredAllocation.of(units, curves(candidates, judge, measured.sparsities()), s);
      }
      if (how instanceof AllocationPlan.Search settings) {
        return evolve(settings.settings(), candidates, judge, s);
      }
      return Allocations.uniform(units, s);
    } finally {
      candidates.restore();
    }
  }

  private static double outliers(Target t, LayerStatistics statistics, double m) {
    OneShotPlan wanda = OneShotPlan.of(OneShotMethod.WANDA, new Pattern.Unstructured(), 0);
    return Outliers.ratio(List.of(new OneShot(wanda).scores(Pruner.layer(t, statistics, null))), m);
  }

  private List<MeasuredAllocation.Curve> curves(
      Candidates candidates, Judge judge, List<Double> sparsities) {
    double none = judge.of(1);
    List<MeasuredAllocation.Curve> curves = new ArrayList<>();
    for (int i = 0; i < targets.size(); i++) {
      List<Double> xs = new ArrayList<>(List.of(0.0));
      List<Double> ys = new ArrayList<>(List.of(none));
      for (double s : sparsities) {
        long removed = SparsityCount.floor(units.get(i).units(), s);
        double at = removed / (double) units.get(i).units();
        if (at > xs.get(xs.size() - 1)) {
          candidates.write(i, removed, units.get(i));
          xs.add(at);
          ys.add(judge.of(1));
        }
      }
      candidates.restore(i);
      curves.add(new MeasuredAllocation.Curve(xs, ys));
    }
    return curves;
  }

  private Allocation evolve(Evolution settings, Candidates candidates, Judge judge, double s) {
    long start = System.nanoTime();
    long[] done = new long[1];
    long all = 1;
    for (int r = 0, alive = settings.offspring(); r < settings.rounds().size(); r++) {
      all += (long) settings.generations() * alive;
      alive = Math.min(alive, settings.rounds().get(r).survivors());
    }
    long total = all;
    Evolution.Result found =
        settings.search(
            units,
            s,
            (candidate, share) -> {
              for (int i = 0; i < targets.size(); i++) {
                candidates.write(i, candidate.removed().get(i), units.get(i));
              }
              double fitness = judge.of(share);
              done[0]++;
              long each = (System.nanoTime() - start) / done[0];
              plan.progress()
                  .at(
                      "searching",
                      done[0],
                      total,
                      Duration.ofNanos(each * Math.max(0, total - done[0])));
              return fitness;
            },
            plan.executor());
    search = Optional.of(found);
    return found.best();
  }

  /** The targets with their own shares. */
  List<Target> apply(Allocation shares) {
    List<Target> out = new ArrayList<>();
    for (int i = 0; i < targets.size(); i++) {
      out.add(
          targets
              .get(i)
              .with(Candidates.plan(targets.get(i), shares.removed().get(i), units.get(i))));
    }
    return out;
  }
}
