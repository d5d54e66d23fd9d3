package dev.filigree.kernel;

import dev.filigree.plan.Setting;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Daemon threads that share the outputs of one large product with the thread that asked for it.
 *
 * <p>A worker spins for some microseconds after a job, so that the next hand-off of a busy model is
 * cheap, then parks and costs nothing. Parts of a job are claimed one by one; a caller never waits
 * for a worker to wake up, only for parts already claimed. When the workers are busy with another
 * caller's job, a caller runs its job alone. Because a job is only ever split between outputs, its
 * result does not depend on the number of threads.
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
  private long jobs;
  private volatile Job current;
  private volatile boolean closed;

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
   * Runs a job over the units 0 to {@code units} and returns when all of it is done.
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
      split(new Job(++jobs, units, multiple, threads * partsPerThread, range));
    } finally {
      busy.setRelease(false);
    }
  }

  private void split(Job job) {
    if (workers.length == 0) {
      workers = start(threads - 1);
    }
    current = job;
    for (Worker worker : workers) {
      if (worker.parked) {
        LockSupport.unpark(worker);
      }
    }
    job.work();
    job.await();
    current = null;
    job.rethrow();
  }

  private Worker[] start(int count) {
    Worker[] started = new Worker[count];
    for (int i = 0; i < count; i++) {
      started[i] = new Worker(i + 1);
      started[i].start();
    }
    return started;
  }

  /** One call of {@link #run}; late workers find its parts claimed and do nothing. */
  private static final class Job {
    private final long id;
    private final int units;
    private final int partSize;
    private final int parts;
    private final Range range;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    Job(long id, int units, int multiple, int parts, Range range) {
      this.id = id;
      long blocks = ((long) units + multiple - 1) / multiple;
      long blocksPerPart = (blocks + parts - 1) / parts;
      this.units = units;
      this.partSize = (int) Math.min(units, blocksPerPart * multiple);
      this.parts = (int) (((long) units + partSize - 1) / partSize);
      this.range = range;
    }

    void work() {
      for (int part = next.getAndIncrement(); part < parts; part = next.getAndIncrement()) {
        int from = part * partSize;
        try {
          range.run(from, (int) Math.min(units, (long) from + partSize));
        } catch (Throwable e) {
          failure.compareAndSet(null, e);
        } finally {
          done.incrementAndGet();
        }
      }
    }

    @SuppressWarnings("ThreadPriorityCheck") // yields only to a thread that holds a claimed part
    void await() {
      for (int spins = 0; done.get() < parts; spins++) {
        // A worker that lost its core in the middle of a part needs ours.
        if ((spins & 1023) == 1023) {
          Thread.yield();
        } else {
          Thread.onSpinWait();
        }
      }
    }

    void rethrow() {
      Throwable e = failure.get();
      if (e instanceof RuntimeException runtime) {
        throw runtime;
      }
      if (e instanceof Error error) {
        throw error;
      }
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
      // Only the number of the last job is kept, not the job: it holds the caller's matrix.
      long last = 0;
      while (!closed) {
        last = workOn(current, last);
        long idleSince = System.nanoTime();
        while (!closed && !isNew(current, last)) {
          if (System.nanoTime() - idleSince > SPIN_NANOS) {
            park(last);
            idleSince = System.nanoTime();
          } else {
            Thread.onSpinWait();
          }
        }
      }
    }

    private static long workOn(Job job, long last) {
      if (!isNew(job, last)) {
        return last;
      }
      job.work();
      return job.id;
    }

    private static boolean isNew(Job job, long last) {
      return job != null && job.id != last;
    }

    private void park(long last) {
      parked = true;
      // Looked at again after the flag is set: a caller sets the job first, then looks at the flag.
      if (!closed && !isNew(current, last)) {
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
