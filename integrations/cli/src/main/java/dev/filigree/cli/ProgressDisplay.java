package dev.filigree.cli;

import dev.filigree.samples.digits.Progress;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows progress: one bar per task on a terminal, else a line every few seconds. */
interface ProgressDisplay extends Progress, AutoCloseable {

  @Override
  void close();

  /**
   * The kind that suits where standard error goes. Java cannot tell, so the launcher says it in the
   * system property {@code filigree.terminal}.
   */
  static ProgressDisplay on(PrintWriter err) {
    return Boolean.getBoolean("filigree.terminal") ? new Bars() : new Lines(err);
  }

  /** Bars on a terminal. */
  final class Bars implements ProgressDisplay {
    private static final int REFRESH_MILLIS = 200;
    private String task = "";
    private ProgressBar bar;

    @Override
    public void at(String now, long done, long total) {
      if (!now.equals(task)) {
        close();
        task = now;
        bar =
            new ProgressBarBuilder()
                .setTaskName(now)
                .setInitialMax(total)
                .setUpdateIntervalMillis(REFRESH_MILLIS)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .build();
      }
      bar.stepTo(done);
    }

    @Override
    public void close() {
      if (bar != null) {
        bar.close();
        bar = null;
      }
    }
  }

  /**
   * Plain lines, at most one every few seconds and one when a task ends. They say how long the rest
   * of the task takes where it goes on as it went; the first one comes as soon as that is known.
   */
  final class Lines implements ProgressDisplay {
    private static final long EVERY_NANOS = 5_000_000_000L;
    private static final double NANOS = 1e9;
    private final PrintWriter err;
    private final LongSupplier clock;
    private long last;
    private String task = "";
    private long began;
    private long heard;
    private long before;
    private boolean estimated;

    Lines(PrintWriter err) {
      this(err, System::nanoTime);
    }

    /**
     * @param clock nanoseconds
     */
    Lines(PrintWriter err, LongSupplier clock) {
      this.err = err;
      this.clock = clock;
      this.last = clock.getAsLong();
      this.heard = last;
    }

    @Override
    public void at(String now, long done, long total) {
      long time = clock.getAsLong();
      if (!now.equals(task) || done < before) {
        // Some say only what is done: they began where the task before them ended.
        task = now;
        began = heard;
        estimated = false;
      }
      heard = time;
      before = done;
      double left = done > 0 ? (time - began) / NANOS / done * (total - done) : Double.NaN;
      boolean worth = !estimated && left * NANOS >= EVERY_NANOS;
      if (done == total || worth || time - last >= EVERY_NANOS) {
        String rest = done < total && left >= 1 ? ", about " + text(left) + " left" : "";
        err.println(String.format(Locale.ROOT, "%s: %d of %d%s", now, done, total, rest));
        err.flush();
        estimated |= left >= 0;
        last = time;
      }
    }

    private static String text(double seconds) {
      long s = Math.round(seconds);
      return s < 120
          ? s + " s"
          : s < 7200 ? Math.round(s / 60.0) + " min" : Math.round(s / 3600.0) + " h";
    }

    @Override
    public void close() {
      err.flush();
    }
  }
}
