package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.model.RopeTable;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.pack.ColumnsMatrix;
import dev.filigree.pack.InputRule;
import dev.filigree.pack.SharedInputs;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * Runs blocks over rows of the residual stream, with the working memory that takes. For one thread;
 * products use the threads of the process.
 */
public final class LayerForward {
  /** Most rows of one call. */
  public static final int MOST_ROWS = 128;

  /** From this many rows on inputs that are skipped become zeros in a product of all rows. */
  private static final int BATCHED = 4;

  private final DecoderConfig config;
  private final RopeTable rope;
  private final Attention attention;
  private final int qkvDim;
  private final float[] row;
  private final float[] qkv;
  private final Rows in;
  private final Rows wide;
  private final Rows zeroed;
  private final Rows out;
  // Only an observer wants what the fused block keeps inside.
  private Rows gate;
  private Rows up;
  private Rows both;
  private final int[] active;

  /** Off-heap rows under their two views. */
  private static final class Rows {
    final ByteBuffer bytes;
    final FloatBuffer floats;

    Rows(int rows, int width) {
      bytes = AlignedMemory.allocate(Math.multiplyExact(4 * rows, width));
      floats = bytes.asFloatBuffer();
    }
  }

  /**
   * @param capacity most positions
   * @param rows most rows of one call, at most {@link #MOST_ROWS}
   */
  public LayerForward(DecoderConfig config, int capacity, int rows) {
    this.config = config;
    rope = new RopeTable(config, capacity);
    attention = new Attention(config, capacity);
    qkvDim = config.qDim() + 2 * config.kvDim();
    int widest = Math.max(Math.max(config.dim(), config.qDim()), config.hidden());
    row = new float[rows * Math.max(config.dim(), config.qDim())];
    qkv = new float[rows * qkvDim];
    in = new Rows(rows, Math.max(config.dim(), config.qDim()));
    wide = new Rows(rows, qkvDim);
    zeroed = new Rows(rows, Math.max(config.dim(), config.qDim()));
    out = new Rows(rows, config.dim());
    active = new int[widest];
  }

  /**
   * One block.
   *
   * @param hidden the residual stream [rows][dim], changed in place
   * @param position of the first row; the cache holds all before it
   * @param rules null to use all activations
   * @param observer null where nobody looks; only where {@code rules} are null
   */
  public void run(
      PackedLayer layer,
      KvCache cache,
      float[] hidden,
      int rows,
      int position,
      LayerRules rules,
      LayerObserver observer) {
    int dim = config.dim();
    norm(hidden, layer.attentionNorm(), rows);
    observe(observer, Projection.Site.ATTENTION, in, rows * dim);
    projectShared(layer.qkv(), layer.qkvBias(), rows, rules);
    wide.floats.get(0, qkv, 0, rows * qkvDim);
    for (int r = 0; r < rows; r++) {
      int at = r * qkvDim;
      rope.rotate(qkv, at, config.heads(), position + r);
      rope.rotate(qkv, at + config.qDim(), config.kvHeads(), position + r);
      cache.put(position + r, qkv, at + config.qDim(), at + config.qDim() + config.kvDim());
    }
    attention.run(cache, qkv, qkvDim, rows, position, row);
    in.floats.put(0, row, 0, rows * config.qDim());
    observe(observer, Projection.Site.HEADS, in, rows * config.qDim());
    projectHeads(layer, rows, rules);
    addOut(hidden, rows * dim);

    norm(hidden, layer.feedForwardNorm(), rows);
    observe(observer, Projection.Site.FEED_FORWARD, in, rows * dim);
    if (observer != null) {
      observedFeedForward(layer, rows, observer);
    } else {
      feedForward(layer, rows, rules);
    }
    addOut(hidden, rows * dim);
  }

  private void norm(float[] hidden, float[] gain, int rows) {
    int dim = config.dim();
    for (int r = 0; r < rows; r++) {
      Vectors.rmsNorm(hidden, r * dim, gain, config.normEpsilon(), row, r * dim);
    }
    in.floats.put(0, row, 0, rows * dim);
  }

  private void addOut(float[] hidden, int n) {
    out.floats.get(0, row, 0, n);
    Vectors.add(hidden, row, n);
  }

  private static void observe(LayerObserver observer, Projection.Site site, Rows x, int n) {
    if (observer != null) {
      observer.inputs(site, x.floats.duplicate().limit(n));
    }
  }

  private void projectShared(SharedInputs m, ByteBuffer bias, int rows, LayerRules rules) {
    if (rules == null || !rules.skipsAt(Projection.Site.ATTENTION)) {
      m.multiply(in.bytes, rows, bias, wide.bytes);
      return;
    }
    InputRule first = rules.rule(Projection.Q);
    boolean alike = first == rules.rule(Projection.K) && first == rules.rule(Projection.V);
    if (alike && rows >= BATCHED) {
      zeroOthers(first, rows, m.inputs());
      m.multiply(zeroed.bytes, rows, bias, wide.bytes);
      return;
    }
    for (int r = 0; r < rows; r++) {
      ByteBuffer x = part(in, r, m.inputs(), rows);
      ByteBuffer y = part(wide, r, qkvDim, rows);
      if (alike) {
        int n = first.keep(in.floats, r * m.inputs(), m.inputs(), active);
        m.multiplyActive(x, active, n, bias, y);
      } else {
        for (int p = 0; p < m.projections(); p++) {
          InputRule rule = rules.rule(Projection.Site.ATTENTION.projections()[p]);
          int n =
              rule == null
                  ? all(m.inputs())
                  : rule.keep(in.floats, r * m.inputs(), m.inputs(), active);
          m.multiplyActive(p, x, active, n, bias, y);
        }
      }
    }
    for (int p = 0; p < m.projections(); p++) {
      rules.addRemainder(
          Projection.Site.ATTENTION.projections()[p], wide.bytes, m.start(p), qkvDim);
    }
  }

  /** Lists every input. */
  private int all(int inputs) {
    for (int i = 0; i < inputs; i++) {
      active[i] = i;
    }
    return inputs;
  }

  private void projectHeads(PackedLayer layer, int rows, LayerRules rules) {
    InputRule rule = rules == null ? null : rules.rule(Projection.O);
    if (rule == null) {
      layer.output().multiply(in.bytes, rows, layer.outputBias(), out.bytes);
    } else if (rows >= BATCHED) {
      zeroOthers(rule, rows, config.qDim());
      layer.output().multiply(zeroed.bytes, rows, layer.outputBias(), out.bytes);
    } else {
      ColumnsMatrix columns = (ColumnsMatrix) layer.output();
      for (int r = 0; r < rows; r++) {
        int n = rule.keep(in.floats, r * config.qDim(), config.qDim(), active);
        columns.multiplyActive(
            part(in, r, config.qDim(), rows),
            active,
            n,
            layer.outputBias(),
            part(out, r, config.dim(), rows));
      }
    }
    if (rule != null) {
      rules.addRemainder(Projection.O, out.bytes, 0, config.dim());
    }
  }

  /** Copies rows and makes what a rule does not keep zero. */
  private void zeroOthers(InputRule rule, int rows, int width) {
    for (int r = 0; r < rows; r++) {
      int at = r * width;
      int n = rule.keep(in.floats, at, width, active);
      for (int i = 0; i < width; i++) {
        zeroed.floats.put(at + i, 0f);
      }
      for (int i = 0; i < n; i++) {
        zeroed.floats.put(at + active[i], in.floats.get(at + active[i]));
      }
    }
  }

  private static ByteBuffer part(Rows of, int row, int width, int rows) {
    return rows == 1
        ? of.bytes
        : of.bytes.slice(4 * row * width, 4 * width).order(of.bytes.order());
  }

  private void feedForward(PackedLayer layer, int rows, LayerRules rules) {
    if (rules == null || rules.leavesFeedForward()) {
      layer.feedForward().multiply(in.bytes, rows, out.bytes);
    } else if (rules.prompt() != null) {
      promptUnits(layer, rows, rules);
    } else if (rules.skipsUnits()) {
      float[] gates = rules.gates();
      long kept =
          gates.length == 1
              ? layer.feedForward().multiplyGated(in.bytes, rows, gates[0], out.bytes)
              : layer.feedForward().multiplyGated(in.bytes, rows, gates, out.bytes);
      rules.countUnits((long) rows * config.hidden(), kept);
    } else if (rules.hasRemainders()) {
      int width = 2 * config.hidden();
      layer
          .feedForward()
          .multiplyActive(
              in.bytes,
              rows,
              rules.rule(Projection.GATE),
              rules.rule(Projection.UP),
              rules.rule(Projection.DOWN),
              (both, count) -> {
                rules.addRemainder(Projection.GATE, both, 0, width);
                rules.addRemainder(Projection.UP, both, config.hidden(), width);
              },
              out.bytes);
      rules.addRemainder(Projection.DOWN, out.bytes, 0, config.dim());
    } else {
      layer
          .feedForward()
          .multiplyActive(
              in.bytes,
              rows,
              rules.rule(Projection.GATE),
              rules.rule(Projection.UP),
              rules.rule(Projection.DOWN),
              out.bytes);
    }
  }

  private void promptUnits(PackedLayer layer, int rows, LayerRules rules) {
    int[] units = rules.prompt().chosen();
    if (units == null) {
      layer.feedForward().multiply(in.bytes, rows, out.bytes, rules.prompt());
      return;
    }
    layer.feedForward().multiplyUnits(in.bytes, rows, units, units.length, out.bytes);
    rules.countUnits((long) rows * config.hidden(), (long) rows * units.length);
  }

  private void observedFeedForward(PackedLayer layer, int rows, LayerObserver observer) {
    if (gate == null) {
      int most = row.length / Math.max(config.dim(), config.qDim());
      gate = new Rows(most, config.hidden());
      up = new Rows(most, config.hidden());
      both = new Rows(most, 2 * config.hidden());
    }
    int n = rows * config.hidden();
    layer.gateAndUp(in.bytes, rows, gate.bytes, up.bytes, both.bytes);
    for (int i = 0; i < n; i++) {
      float g = gate.floats.get(i);
      gate.floats.put(i, (float) config.activation().of(g));
    }
    observer.units(gate.floats.duplicate().limit(n), up.floats.duplicate().limit(n));
    for (int i = 0; i < n; i++) {
      up.floats.put(i, gate.floats.get(i) * up.floats.get(i));
    }
    observe(observer, Projection.Site.HIDDEN, up, n);
    layer.down().multiply(up.bytes, rows, null, out.bytes);
  }
}
