package dev.filigree.cli;

import dev.filigree.samples.digits.Progress;
import java.io.PrintWriter;
import java.util.Locale;
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

  /** Plain lines, at most one every few seconds and one when a task ends. */
  final class Lines implements ProgressDisplay {
    private static final long EVERY_NANOS = 5_000_000_000L;
    private final PrintWriter err;
    private long last = System.nanoTime();

    Lines(PrintWriter err) {
      this.err = err;
    }

    @Override
    public void at(String task, long done, long total) {
      long now = System.nanoTime();
      if (done == total || now - last >= EVERY_NANOS) {
        err.println(String.format(Locale.ROOT, "%s: %d of %d", task, done, total));
        last = now;
      }
    }

    @Override
    public void close() {
      err.flush();
    }
  }
}
