package dev.filigree.allocate;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Runs the evaluations of one generation. Candidates are plain data and independent of each other,
 * so an implementation may send them to other machines; the result does not depend on where or in
 * which order they ran.
 */
@FunctionalInterface
public interface CandidateExecutor {

  /**
   * @param fitness how one candidate is judged here
   * @param share of the search data, handed to the fitness
   * @return the fitness of each candidate, in their order
   */
  double[] evaluate(List<Allocation> candidates, double share, Fitness fitness);

  /** One after the other on the calling thread: right for a fitness that changes one model. */
  static CandidateExecutor local() {
    return (candidates, share, fitness) ->
        candidates.stream().mapToDouble(c -> fitness.of(c, share)).toArray();
  }

  /**
   * On threads of this process, for a fitness that may be called by several at once.
   *
   * @param threads 1 or more
   */
  static CandidateExecutor threads(int threads) {
    return (candidates, share, fitness) -> {
      ExecutorService pool = Executors.newFixedThreadPool(threads);
      try {
        List<Future<Double>> running = new ArrayList<>();
        candidates.forEach(c -> running.add(pool.submit(() -> fitness.of(c, share))));
        double[] out = new double[running.size()];
        for (int i = 0; i < out.length; i++) {
          out[i] = running.get(i).get();
        }
        return out;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while candidates are evaluated", e);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException cause) {
          throw cause;
        }
        throw new IllegalStateException(e.getCause());
      } finally {
        pool.shutdownNow();
      }
    };
  }
}
