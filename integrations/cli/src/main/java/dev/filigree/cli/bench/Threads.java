package dev.filigree.cli.bench;

import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;

/** The number of threads, the same for both sides; it is fixed when a process first computes. */
public final class Threads {
  private static final String DJL_THREADS = "ai.djl.pytorch.num_threads";
  private static final int MOST = 1024;

  private Threads() {}

  /**
   * Makes libtorch and our kernels use that many threads.
   *
   * @throws FiligreeException FIL-0604 for an illegal number, FIL-0615 where this process already
   *     uses another
   */
  public static void use(int threads) {
    if (threads < 1 || threads > MOST) {
      throw new FiligreeException(
          Message.FIL_0604, "--threads", threads, "whole numbers from 1 to " + MOST);
    }
    System.setProperty(Setting.THREADS.property(), Integer.toString(threads));
    System.setProperty(DJL_THREADS, Integer.toString(threads));
    int actual = Workers.shared().threads();
    if (actual != threads) {
      throw new FiligreeException(Message.FIL_0615, threads, actual);
    }
  }
}
