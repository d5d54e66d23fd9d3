package dev.filigree.kernel;

import dev.filigree.plan.Setting;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Daemon threads that share the work of one large product with the thread that asked for it.
 *
 * <p>A worker spins for some microseconds after a job, so that the next hand-off of a busy model is
 * cheap, then parks and costs nothing. Parts of a job are claimed one by one; a caller never waits
 * for a worker to wake up, only for parts already claimed. When the workers are busy with another
 * caller's job, a caller runs its job alone. A unit of a job is computed by one thread, whichever
 * it is, so a result does not depend on the number of threads.
 *
 * <p>The threads start with the first job that is split.
 */
public final class Workers implements AutoCloseable {

  /** A part of a job. */
  @FunctionalInterface
  public interface Range {
    /** Computes the units {@code from} (inclusive) to {@code to} (exclusive). */
    void run(int from, int to);
  }

  /**
   * Work below this many multiply-adds is not worth a hand-off (about 10 microseconds on one
   * thread).
   */
  private static final long MIN_WORK = 1 << 16;

  /** How long an idle worker spins before it parks. */
  private static final long SPIN_NANOS = 30_000;

  private static final class Holder {
    static final Workers SHARED = create();

    private static Workers create() {
      int wanted = Setting.THREADS.getInt();
      return new Workers(wanted == 0 ? Runtime.getRuntime().availableProcessors() : wanted);
    }
  }

  private final int threads;
  private final AtomicBoolean busy = new AtomicBoolean();
  private volatile Worker[] workers = {};
  private volatile boolean closed;

  // The one job there can be. Its fields are written before the number of unclaimed parts rises and
  // read after a part was claimed; a claimed part keeps the job from ending, so they stay.
  private final AtomicInteger unclaimed = new AtomicInteger();
  private final AtomicInteger undone = new AtomicInteger();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private int units;
  private int partSize;
  private int parts;
  private Range range;

  /** Workers for that many threads, the caller's included. */
  public Workers(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads is " + threads + "; at least 1 is needed");
    }
    this.threads = threads;
  }

  /** The workers of this process; their number is {@link Setting#THREADS} at first use. */
  public static Workers shared() {
    return Holder.SHARED;
  }

  /** How many threads work on one job at most, the caller's included. */
  public int threads() {
    return threads;
  }

  /**
   * Runs a job over the units 0 to {@code units} and returns when all of it is done. Allocates
   * nothing once the threads run.
   *
   * @param units how many units there are, for example outputs
   * @param multiple parts start at multiples of this
   * @param partsPerThread into how many parts a thread's share is cut, at least 1
   * @param work multiply-adds of the whole job
   * @param range computes a part; called from several threads
   */
  public void run(int units, int multiple, int partsPerThread, long work, Range range) {
    if (threads == 1
        || work < MIN_WORK
        || units <= multiple
        || closed
        || busy.getPlain()
        || !busy.compareAndSet(false, true)) {
      range.run(0, units);
      return;
    }
    try {
      split(units, multiple, threads * partsPerThread, range);
    } finally {
      busy.setRelease(false);
    }
  }

  private void split(int units, int multiple, int wanted, Range range) {
    if (workers.length == 0) {
      workers = start(threads - 1);
    }
    long blocks = ((long) units + multiple - 1) / multiple;
    long blocksPerPart = (blocks + wanted - 1) / wanted;
    this.units = units;
    this.partSize = (int) Math.min(units, blocksPerPart * multiple);
    this.parts = (int) (((long) units + partSize - 1) / partSize);
    this.range = range;
    undone.setPlain(parts);
    unclaimed.set(parts);
    for (Worker worker : workers) {
      if (worker.parked) {
        LockSupport.unpark(worker);
      }
    }
    work();
    await();
    // The job holds the caller's matrix.
    this.range = null;
    rethrow();
  }

  private Worker[] start(int count) {
    Worker[] started = new Worker[count];
    for (int i = 0; i < count; i++) {
      started[i] = new Worker(i + 1);
      started[i].start();
    }
    return started;
  }

  /** Claims and runs parts until none is left. */
  private void work() {
    for (int left = unclaimed.get(); left > 0; left = unclaimed.get()) {
      if (unclaimed.compareAndSet(left, left - 1)) {
        runPart(parts - left);
      }
    }
  }

  private void runPart(int part) {
    int from = part * partSize;
    try {
      range.run(from, (int) Math.min(units, (long) from + partSize));
    } catch (Throwable e) {
      failure.compareAndSet(null, e);
    } finally {
      undone.decrementAndGet();
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // yields only to a thread that holds a claimed part
  private void await() {
    for (int spins = 0; undone.get() > 0; spins++) {
      // A worker that lost its core in the middle of a part needs ours.
      if ((spins & 1023) == 1023) {
        Thread.yield();
      } else {
        Thread.onSpinWait();
      }
    }
  }

  private void rethrow() {
    Throwable e = failure.getPlain() == null ? null : failure.getAndSet(null);
    if (e instanceof RuntimeException runtime) {
      throw runtime;
    }
    if (e instanceof Error error) {
      throw error;
    }
  }

  private final class Worker extends Thread {
    private volatile boolean parked;

    Worker(int number) {
      // Nothing of the application that happened to call first may be kept alive by the thread.
      super(null, null, "filigree-worker-" + number, 0, false);
      setContextClassLoader(null);
      setDaemon(true);
    }

    @Override
    public void run() {
      while (!closed) {
        work();
        long idleSince = System.nanoTime();
        while (!closed && unclaimed.get() <= 0) {
          if (System.nanoTime() - idleSince > SPIN_NANOS) {
            park();
            idleSince = System.nanoTime();
          } else {
            Thread.onSpinWait();
          }
        }
      }
    }

    private void park() {
      parked = true;
      // Looked at again after the flag is set: a caller adds parts first, then looks at the flag.
      if (!closed && unclaimed.get() <= 0) {
        LockSupport.park(Workers.this);
      }
      parked = false;
    }
  }

  /** Ends the threads; jobs still come out right afterwards, on their caller's thread. */
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
  }
}
