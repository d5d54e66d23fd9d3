package dev.filigree.decoder.serve;

import dev.filigree.plan.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Compares the activation sparsity of a session with the planned one: thresholds that were
 * calibrated on other text may keep more than they should. For one thread.
 */
final class SparsityWatch {
  /** Tokens that are looked at together, at least. */
  static final int WINDOW = 32;

  /** Tokens over which the shortfall has to stay. */
  static final int PATIENCE = 1000;

  /** How far realised sparsity may be below the planned one. */
  static final double SHORTFALL = 0.10;

  private static final boolean EVENTS = ActivationSparsityEvent.isAvailable();
  private static final System.Logger LOG = System.getLogger("dev.filigree.decoder");

  private final ActivationSetting setting;
  private final double planned;
  private final boolean mayReturn;
  private final ActivationCounts counts;
  private final long[] seen;
  private final long[] kept;
  private int tokens;
  private int shortFor;
  private boolean dense;

  /**
   * @param layers blocks
   * @param mayReturn whether a lasting shortfall ends the skipping
   * @param counts of the session
   */
  SparsityWatch(ActivationSetting setting, int layers, boolean mayReturn, ActivationCounts counts) {
    this.setting = setting;
    planned = setting.planned(layers);
    this.mayReturn = mayReturn;
    this.counts = counts;
    seen = new long[layers];
    kept = new long[layers];
  }

  /** Whether skipping has ended. */
  boolean isDense() {
    return dense;
  }

  /** The counts begin anew, and so do the windows. */
  void reset() {
    counts.reset();
    Arrays.fill(seen, 0);
    Arrays.fill(kept, 0);
    tokens = 0;
  }

  /** Is told how many tokens the rules have just seen. */
  void after(int rows) {
    tokens += rows;
    if (tokens < WINDOW) {
      return;
    }
    long all = 0;
    long used = 0;
    for (int l = 0; l < seen.length; l++) {
      long s = counts.seen(l) - seen[l];
      long k = counts.kept(l) - kept[l];
      seen[l] += s;
      kept[l] += k;
      all += s;
      used += k;
      if (EVENTS && s > 0) {
        emit(l, 1 - (double) k / s);
      }
    }
    double realised = all == 0 ? 0 : 1 - (double) used / all;
    shortFor = realised < planned - SHORTFALL ? shortFor + tokens : 0;
    tokens = 0;
    if (mayReturn && !dense && shortFor >= PATIENCE) {
      dense = true;
      LOG.log(
          System.Logger.Level.WARNING,
          Message.FIL_0770.text(
              setting.method().label(),
              Math.round(1000 * planned) / 1000.0,
              String.format(Locale.ROOT, "%.3f", realised),
              shortFor));
    }
  }

  private void emit(int layer, double realised) {
    ActivationSparsityEvent event = new ActivationSparsityEvent();
    if (event.shouldCommit()) {
      event.method = setting.method().label();
      event.layer = layer;
      event.planned = setting.planned(layer, seen.length);
      event.realised = realised;
      event.tokens = tokens;
      event.commit();
    }
  }

  /** Planned against realised since the counts began. */
  List<LayerSparsity> layers() {
    List<LayerSparsity> out = new ArrayList<>();
    for (int l = 0; l < seen.length; l++) {
      out.add(
          new LayerSparsity(
              l, setting.planned(l, seen.length), counts.sparsity(l), counts.seen(l)));
    }
    return out;
  }
}
