package dev.filigree.allocate;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * EvoPress (Sieberling et al. 2024): an evolutionary search over levels of sparsity with one
 * parent. A level is a number of weights that is the same for every layer, so moving one level from
 * a layer to another keeps the total. An offspring makes 1 to 3 such moves (the smaller of two
 * draws); several rounds of selection look at more and more data and keep fewer and fewer
 * offspring, and the parent takes part in the last one.
 *
 * <p>Moves go between two different layers that both have room, where the published code may draw
 * the same layer twice or draw forever. The same seed gives the same result on any executor.
 *
 * @param generations 0 or more; published 400
 * @param offspring per generation, 1 or more; published 64
 * @param levels most levels a layer may be away from its start, 1 or more; published 8
 * @param step share of the smallest layer's weights that one level is, above 0 to 1
 * @param rounds of selection, the last keeps 1; published 8, 2, 1 survivors
 * @param seed of all draws
 */
public record Evolution(
    int generations, int offspring, int levels, double step, List<Round> rounds, long seed) {

  /**
   * One round of selection.
   *
   * @param survivors how many go on, 1 or more
   * @param share of the search data that is looked at, above 0 to 1
   */
  public record Round(int survivors, double share) {}

  /**
   * What the search found.
   *
   * @param best the last parent
   * @param fitness of it on the share of the last round
   * @param startFitness of the start on the same data
   * @param history fitness of the parent after every generation
   * @param evaluations how many were made
   */
  public record Result(
      Allocation best,
      double fitness,
      double startFitness,
      List<Double> history,
      long evaluations) {}

  /**
   * Checks the settings.
   *
   * @throws FiligreeException FIL-0362
   */
  public Evolution {
    rounds = List.copyOf(rounds);
    legal(generations >= 0, "generations", generations, "0 or more");
    legal(offspring >= 1, "offspring", offspring, "1 or more");
    legal(levels >= 1, "levels", levels, "1 or more");
    legal(step > 0 && step <= 1, "step", step, "above 0 to 1");
    legal(!rounds.isEmpty(), "rounds", rounds, "at least one");
    for (Round r : rounds) {
      legal(r.survivors() >= 1, "survivors", r.survivors(), "1 or more");
      legal(r.share() > 0 && r.share() <= 1, "share", r.share(), "above 0 to 1");
    }
    int last = rounds.get(rounds.size() - 1).survivors();
    legal(last == 1, "survivors of the last round", last, "1");
  }

  /** A search for models of a few dozen layers: 40 generations of 16, 3 rounds. */
  public static Evolution defaults() {
    return new Evolution(
        40, 16, 8, 1.0 / 16, List.of(new Round(4, 0.125), new Round(2, 0.5), new Round(1, 1)), 0);
  }

  /** The same with another seed. */
  public Evolution withSeed(long other) {
    return new Evolution(generations, offspring, levels, step, rounds, other);
  }

  /** The same with another amount of work. */
  public Evolution withSize(int newGenerations, int newOffspring) {
    return new Evolution(newGenerations, newOffspring, levels, step, rounds, seed);
  }

  private static void legal(boolean is, String what, Object found, String legal) {
    if (!is) {
      throw new FiligreeException(Message.FIL_0362, what, found, legal);
    }
  }

  /**
   * Searches from uniform sparsity.
   *
   * @throws FiligreeException FIL-0101, FIL-0361 for the total, FIL-0363 for a fitness of NaN
   */
  public Result search(
      List<LayerUnits> layers, double sparsity, Fitness fitness, CandidateExecutor executor) {
    return new Search(layers, sparsity, fitness, executor).run();
  }

  private final class Search {
    private final List<LayerUnits> layers;
    private final long budget;
    private final double[] base;
    private final double level;
    private final Fitness fitness;
    private final CandidateExecutor executor;
    private final SplittableRandom random = new SplittableRandom(seed);
    private long evaluations;

    Search(List<LayerUnits> layers, double sparsity, Fitness fitness, CandidateExecutor executor) {
      this.layers = List.copyOf(layers);
      this.fitness = fitness;
      this.executor = executor;
      budget = Budget.of(layers, sparsity);
      double share = Budget.size(layers) == 0 ? 0 : budget / (double) Budget.size(layers);
      base = layers.stream().mapToDouble(l -> share * l.size()).toArray();
      long smallest = layers.stream().mapToLong(LayerUnits::size).min().orElse(1);
      long coarsest = layers.stream().mapToLong(LayerUnits::perUnit).max().orElse(1);
      level = Math.max((double) coarsest, Math.floor(step * smallest));
    }

    Result run() {
      double share = rounds.get(rounds.size() - 1).share();
      int[] parent = new int[layers.size()];
      double start = evaluate(List.of(parent), share)[0];
      double now = start;
      List<Double> history = new ArrayList<>();
      for (int g = 0; g < generations; g++) {
        List<int[]> alive = offspring(parent);
        if (alive.isEmpty()) {
          break; // nothing can be moved
        }
        for (int r = 0; r < rounds.size(); r++) {
          Round round = rounds.get(r);
          boolean last = r == rounds.size() - 1;
          double[] found = evaluate(alive, round.share());
          int[] order = order(found);
          if (last) {
            // The parent's fitness on these data is known; it stays unless it is beaten.
            if (found[order[0]] < now) {
              parent = alive.get(order[0]);
              now = found[order[0]];
            }
          } else {
            alive =
                Arrays.stream(order)
                    .limit(round.survivors())
                    .sorted()
                    .mapToObj(alive::get)
                    .toList();
          }
        }
        history.add(now);
      }
      return new Result(allocation(parent), now, start, List.copyOf(history), evaluations);
    }

    /** Different ones, none like the parent; fewer where there are not that many. */
    private List<int[]> offspring(int[] parent) {
      List<int[]> out = new ArrayList<>();
      Set<List<Integer>> known = new HashSet<>();
      known.add(key(parent));
      for (int tries = 0; out.size() < offspring && tries < 20 * offspring; tries++) {
        int[] child = parent.clone();
        int moves = Math.min(random.nextInt(1, 4), random.nextInt(1, 4));
        for (int m = 0; m < moves; m++) {
          move(child);
        }
        if (known.add(key(child))) {
          out.add(child);
        }
      }
      return out;
    }

    private void move(int[] child) {
      int[] down = IntStream.range(0, child.length).filter(i -> fits(i, child[i] - 1)).toArray();
      if (down.length == 0) {
        return;
      }
      int from = down[random.nextInt(down.length)];
      int[] up =
          IntStream.range(0, child.length)
              .filter(i -> i != from && fits(i, child[i] + 1))
              .toArray();
      if (up.length > 0) {
        child[from]--;
        child[up[random.nextInt(up.length)]]++;
      }
    }

    private boolean fits(int layer, int at) {
      double removed = base[layer] + at * level;
      return Math.abs(at) <= levels && removed >= 0 && removed <= layers.get(layer).most();
    }

    private Allocation allocation(int[] at) {
      double[] ideal = new double[at.length];
      for (int i = 0; i < at.length; i++) {
        ideal[i] = base[i] + at[i] * level;
      }
      return Budget.round(layers, ideal, budget);
    }

    private double[] evaluate(List<int[]> candidates, double share) {
      List<Allocation> all = candidates.stream().map(this::allocation).toList();
      double[] found = executor.evaluate(all, share, fitness);
      evaluations += all.size();
      for (double f : found) {
        if (Double.isNaN(f)) {
          throw new FiligreeException(Message.FIL_0363);
        }
      }
      return found;
    }

    private int[] order(double[] found) {
      return IntStream.range(0, found.length)
          .boxed()
          .sorted(Comparator.comparingDouble(i -> found[i]))
          .mapToInt(i -> i)
          .toArray();
    }

    private List<Integer> key(int[] at) {
      return Arrays.stream(at).boxed().toList();
    }
  }
}
