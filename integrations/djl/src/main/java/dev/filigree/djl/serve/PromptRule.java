package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.common.collect.MapMaker;
import dev.filigree.calibrate.CoreNeurons;
import dev.filigree.plan.Message;
import dev.filigree.plan.SparsityCount;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * COREINFER, Wang et al. 2024: the inputs of down that are kept, which are hidden units. For the
 * tokens after a prompt they are the core neurons of the prompt, all but floor(units * sparsity);
 * the plain definition is down(h * m), with m the same for all these tokens.
 *
 * <p>The last axis of an array are its values, the one before it tokens, and all in front of that
 * sequences; without a second axis it is one token. Several tokens are a prompt. It is kept whole,
 * and adds to the prompts of the same sequences before it; where the number of sequences is another
 * one, it begins new sequences. One token of every sequence keeps the core of its prompt, and all
 * where there was none. There may be k rows for every sequence, one behind the other, such as the
 * beams of a search.
 *
 * <p>Prompts belong to the thread that ran them; threads do not see each other's. What is kept of
 * them goes with the thread, and with this rule.
 */
public final class PromptRule extends ActivationRule {
  private static final Logger LOG = LoggerFactory.getLogger(PromptRule.class);
  private static final ThreadLocal<Boolean> ASSUMED = ThreadLocal.withInitial(() -> false);

  private final String path;
  private final double sparsity;
  // Does not hold the threads, and no thread refers to it: neither keeps the other alive. In one
  // segment, so that any new sequence lets go of those of threads that ended.
  private final Map<Thread, Sequences> byThread =
      new MapMaker().concurrencyLevel(1).weakKeys().makeMap();

  private final AtomicBoolean said = new AtomicBoolean();
  // What measurements take for a core; null before the first.
  private volatile int[] assumed;

  /** The sequences of a thread, for that thread only. */
  private static final class Sequences {
    private final CoreNeurons[] seen;
    // By sequence; null while prompts run.
    private int[][] core;
    // By row of the tokens that run now.
    private int[][] rows;

    Sequences(int count, int units) {
      seen = new CoreNeurons[count];
      Arrays.setAll(seen, s -> new CoreNeurons(units));
    }

    void watch(FloatBuffer h, int tokens, int units) {
      core = null;
      for (int s = 0; s < seen.length; s++) {
        seen[s].add(h.slice(s * tokens * units, tokens * units), tokens);
      }
    }

    int[][] core(int count, int remove) {
      if (core == null) {
        core = Arrays.stream(seen).map(s -> s.core(remove)).toArray(int[][]::new);
        rows = core;
      }
      if (rows.length != count) {
        int each = count / core.length;
        rows = new int[count][];
        Arrays.setAll(rows, r -> core[r / each]);
      }
      return rows;
    }
  }

  /**
   * @param path of the layer, for messages
   * @param sparsity share of the units that is left out, 0 to below 1
   */
  PromptRule(String path, double sparsity) {
    this.path = path;
    this.sparsity = sparsity;
  }

  /**
   * Runs forwards of this thread as if every row were a token after a prompt whose core neurons are
   * spread evenly over all; prompts are neither looked at nor forgotten. For measurements.
   */
  public static void assumingPrompts(Runnable work) {
    boolean before = ASSUMED.get();
    ASSUMED.set(true);
    try {
      work.run();
    } finally {
      ASSUMED.set(before);
    }
  }

  /** A new sequence begins on this thread. */
  void forget() {
    byThread.remove(Thread.currentThread());
  }

  /** How many threads have a prompt. */
  int threads() {
    return byThread.size();
  }

  /** Whether an array of that shape belongs to a prompt. */
  boolean isPrompt(Shape shape) {
    return !ASSUMED.get() && tokens(shape) != 1;
  }

  @Override
  boolean skipsIn(NDArray h) {
    Shape shape = h.getShape();
    int units = Math.toIntExact(shape.getLastDimension());
    if (!isPrompt(shape)) {
      return core(shape, units) != null;
    }
    int count = sequences(shape);
    Sequences own =
        byThread.compute(
            Thread.currentThread(),
            (t, old) ->
                old == null || old.seen.length != count ? new Sequences(count, units) : old);
    own.watch(Arrays32.buffer(h).asFloatBuffer(), tokens(shape), units);
    return false;
  }

  /**
   * The hidden units that are kept, ascending, for every row of an array; null where all are: in a
   * prompt, before there was any, and where rows are not those of the prompt, FIL-0875.
   *
   * @param shape of the array, of its values or of what they are computed from
   * @param units how many hidden units there are
   */
  int[][] core(Shape shape, int units) {
    if (ASSUMED.get()) {
      int[][] all = new int[Math.toIntExact(shape.size() / shape.getLastDimension())][];
      Arrays.fill(all, spread(units));
      return all;
    }
    Sequences own = tokens(shape) == 1 ? byThread.get(Thread.currentThread()) : null;
    if (own == null) {
      return null;
    }
    int count = sequences(shape);
    if (count % own.seen.length != 0) {
      if (said.compareAndSet(false, true)) {
        LOG.warn(Message.FIL_0875.text(path, count, own.seen.length));
      }
      return null;
    }
    return own.core(count, removed(units));
  }

  @Override
  int select(FloatBuffer x, int offset, int n, int[] active) {
    int[] kept = ASSUMED.get() ? spread(n) : byThread.get(Thread.currentThread()).rows[offset / n];
    System.arraycopy(kept, 0, active, 0, kept.length);
    return kept.length;
  }

  private int removed(int units) {
    return Math.toIntExact(SparsityCount.floor(units, sparsity));
  }

  private int[] spread(int units) {
    int[] kept = assumed;
    if (kept == null) {
      int[] even = new int[units - removed(units)];
      Arrays.setAll(even, i -> (int) ((long) i * units / even.length));
      kept = even;
      assumed = even;
    }
    return kept;
  }

  private static int tokens(Shape shape) {
    int axes = shape.dimension();
    return axes < 2 ? 1 : Math.toIntExact(shape.get(axes - 2));
  }

  private static int sequences(Shape shape) {
    return Math.toIntExact(shape.size() / shape.getLastDimension() / tokens(shape));
  }
}
