package dev.filigree.pack;

import dev.filigree.kernel.Activation;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.Execution;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * The feed-forward block of Llama-like models in one call: y = Wdown (f(Wgate x) * (Wup x)), each
 * product with an optional bias, f = SiLU unless said otherwise. Hidden units are the outputs of
 * gate and up.
 *
 * <p>Four ways to compute it:
 *
 * <ul>
 *   <li>{@link #multiply}: everything.
 *   <li>{@link #multiplyGated}, CATS (Lee et al. 2024): where |f(Wgate x)| is not above a threshold
 *       the hidden unit is zero, and neither its row of Wup nor its column of Wdown is read. With
 *       one threshold per hidden unit it is CHESS (He et al. 2024). Needs {@link
 *       Layout#BY_OUTPUTS}.
 *   <li>{@link #multiplyUnits}, CoreInfer (Wang et al. 2024): only a given set of hidden units; the
 *       rows of Wgate and Wup and the columns of Wdown of all others are not read. Needs {@link
 *       Layout#BY_OUTPUTS}.
 *   <li>{@link #multiplyActive}, TEAL (Liu et al. 2024) and WINA (Chen et al. 2025): inputs x and
 *       hidden units are skipped by rules. Needs {@link Layout#BY_INPUTS}.
 * </ul>
 *
 * <p>Few activation rows skip weights row by row. From {@value #BATCHED} rows on reading all
 * weights once for all rows is faster: skipped values become zero instead. The definition is the
 * same.
 *
 * <p>Immutable, safe for any number of threads. Working memory is per thread and kept.
 */
public final class GatedFeedForward implements AutoCloseable {

  /** How the weights are stored. */
  public enum Layout {
    /** Gate and up by outputs, down by inputs: hidden units can be skipped. */
    BY_OUTPUTS,
    /** [in][gate|up] and down by inputs: inputs and hidden units can be skipped. */
    BY_INPUTS
  }

  /** From this many activation rows on skipped values are zeros in products of all rows. */
  static final int BATCHED = 4;

  /** Activation rows that are computed at a time; bounds the working memory. */
  private static final int CHUNK = 256;

  /** Gate and up together, or null where they are apart. */
  private final SharedInputs shared;

  private final StoredMatrix<?> gate;
  private final StoredMatrix<?> up;
  private final StoredMatrix<?> down;
  private final ByteBuffer gateBias;
  private final ByteBuffer upBias;
  private final ByteBuffer sharedBias;
  private final ByteBuffer downBias;
  private final Activation activation;
  private final int inputs;
  private final int hidden;

  private GatedFeedForward(
      SharedInputs shared,
      StoredMatrix<?> gate,
      StoredMatrix<?> up,
      StoredMatrix<?> down,
      Biases biases,
      Activation activation) {
    this.shared = shared;
    this.gate = gate;
    this.up = up;
    this.down = down;
    this.inputs = shared == null ? gate.cols() : shared.inputs();
    this.hidden = down.cols();
    this.activation = activation;
    this.gateBias = copy("gate bias", biases.gate, hidden);
    this.upBias = copy("up bias", biases.up, hidden);
    this.downBias = copy("down bias", biases.down, down.rows());
    this.sharedBias =
        shared == null || (gateBias == null && upBias == null) ? null : joined(gateBias, upBias);
  }

  /**
   * The biases, each direct float32 or null for none.
   *
   * @param gate [hidden]
   * @param up [hidden]
   * @param down [outputs]
   */
  public record Biases(ByteBuffer gate, ByteBuffer up, ByteBuffer down) {
    /** No biases, as in Llama. */
    public static final Biases NONE = new Biases(null, null, null);
  }

  private ByteBuffer copy(String what, ByteBuffer bias, int count) {
    if (bias == null) {
      return null;
    }
    ByteBuffer own = AlignedMemory.allocate(4 * count);
    own.put(0, Buffers.floats(what, bias, count), 0, 4 * count);
    return own;
  }

  private ByteBuffer joined(ByteBuffer first, ByteBuffer second) {
    ByteBuffer all = AlignedMemory.allocate(8 * hidden);
    if (first != null) {
      all.put(0, first, 0, 4 * hidden);
    }
    if (second != null) {
      all.put(4 * hidden, second, 0, 4 * hidden);
    }
    return all;
  }

  /**
   * Packs copies of dense weights.
   *
   * @param gate direct, float32 [hidden][inputs] in native order from position 0
   * @param up [hidden][inputs]
   * @param down [outputs][hidden]
   * @throws FiligreeException FIL-0350 where the buffers do not hold that many weights, and what
   *     {@link PackedMatrices#of(String, ValueType, ByteBuffer, int, int)} throws
   */
  public static GatedFeedForward pack(
      Layout layout,
      ValueType type,
      ByteBuffer gate,
      ByteBuffer up,
      ByteBuffer down,
      int inputs,
      int hidden,
      int outputs,
      Biases biases,
      Activation activation) {
    long in = 4L * hidden * inputs;
    if (gate.limit() != in || up.limit() != in || down.limit() != 4L * outputs * hidden) {
      throw new FiligreeException(
          Message.FIL_0350,
          gate.limit() / 4 + " weights",
          up.limit() / 4 + " weights",
          down.limit() / 4
              + " weights, for "
              + inputs
              + " inputs, "
              + hidden
              + " hidden units and "
              + outputs
              + " outputs");
    }
    PackedMatrix packedDown = PackedMatrices.of(ColumnsMatrix.FORMAT, type, down, outputs, hidden);
    if (layout == Layout.BY_INPUTS) {
      return of(
          SharedInputs.pack(ColumnsMatrix.FORMAT, type, inputs, List.of(gate, up)),
          packedDown,
          biases,
          activation);
    }
    return of(
        PackedMatrices.of(DenseMatrix.FORMAT, type, gate, hidden, inputs),
        PackedMatrices.of(DenseMatrix.FORMAT, type, up, hidden, inputs),
        packedDown,
        biases,
        activation);
  }

  /**
   * From packed matrices of any format, weight-sparse ones for example; they are closed with this.
   *
   * @param gate [hidden, inputs]
   * @param up [hidden, inputs]; {@link #multiplyGated} skips its rows where it is {@code dense}
   * @param down [outputs, hidden]; hidden units are skipped where it is {@code columns}
   * @throws FiligreeException FIL-0350 where the shapes do not fit
   */
  public static GatedFeedForward of(
      PackedMatrix gate, PackedMatrix up, PackedMatrix down, Biases biases, Activation activation) {
    if (gate.rows() != up.rows() || gate.cols() != up.cols() || down.cols() != gate.rows()) {
      throw new FiligreeException(Message.FIL_0350, gate, up, down);
    }
    return new GatedFeedForward(
        null,
        (StoredMatrix<?>) gate,
        (StoredMatrix<?>) up,
        (StoredMatrix<?>) down,
        biases,
        activation);
  }

  /**
   * From gate and up that share their input; they are closed with this.
   *
   * @param gateUp the projections gate and up, [hidden, inputs] each
   * @param down [outputs, hidden]; hidden units are skipped where it is {@code columns}
   * @throws FiligreeException FIL-0350 where the shapes do not fit
   */
  public static GatedFeedForward of(
      SharedInputs gateUp, PackedMatrix down, Biases biases, Activation activation) {
    if (gateUp.projections() != 2
        || gateUp.rows(0) != gateUp.rows(1)
        || down.cols() != gateUp.rows(0)) {
      throw new FiligreeException(Message.FIL_0350, gateUp.matrix(), "in the same matrix", down);
    }
    return new GatedFeedForward(gateUp, null, null, (StoredMatrix<?>) down, biases, activation);
  }

  /** Inputs of gate and up. */
  public int inputs() {
    return inputs;
  }

  /** Outputs of gate and up. */
  public int hidden() {
    return hidden;
  }

  /** Outputs of down. */
  public int outputs() {
    return down.rows();
  }

  /** Bytes of all weights as they are stored. */
  public long bytes() {
    return matrices().stream().mapToLong(PackedMatrix::bytes).sum();
  }

  /** Gate, up and down, or gate with up and down; still owned by this. */
  public List<PackedMatrix> matrices() {
    return shared == null ? List.of(gate, up, down) : List.of(shared.matrix(), down);
  }

  /**
   * Everything, for any number of activation rows.
   *
   * @param x [batch][inputs]
   * @param batch at least 1
   * @param y [batch][outputs], overwritten
   */
  public void multiply(ByteBuffer x, int batch, ByteBuffer y) {
    multiply(Execution.current(), x, batch, y);
  }

  void multiply(Execution on, ByteBuffer x, int batch, ByteBuffer y) {
    multiply(on, x, batch, y, null);
  }

  /** Sees hidden units, f(Wgate x) * (Wup x). */
  @FunctionalInterface
  public interface HiddenRows {
    /**
     * @param values [count][hidden] from index 0; valid during the call, not to be changed
     * @param count rows
     */
    void accept(FloatBuffer values, int count);
  }

  /**
   * The same, with a look at the hidden units of every row, in order, some rows at a time.
   *
   * @param see is given them before the call returns
   */
  public void multiply(ByteBuffer x, int batch, ByteBuffer y, HiddenRows see) {
    multiply(Execution.current(), x, batch, y, see);
  }

  void multiply(Execution on, ByteBuffer x, int batch, ByteBuffer y, HiddenRows see) {
    ByteBuffer from = inputs(x, batch);
    ByteBuffer to = outputs(y, batch);
    FeedForwardScratch s = scratch(batch);
    for (int b = 0; b < batch; b += CHUNK) {
      int count = Math.min(CHUNK, batch - b);
      gateAndUp(on, rows(from, inputs, batch, b), count, s);
      combine(on, count, s);
      if (see != null) {
        see.accept(s.hiddenFloats(), count);
      }
      down.multiply(on, s.hidden(), count, downBias, rows(to, outputs(), batch, b));
    }
  }

  /**
   * CATS: hidden units whose gate, after f, is not greater than the threshold in magnitude are
   * zero. A NaN is kept.
   *
   * @param threshold not negative to skip; a negative one keeps everything
   * @return how many hidden units were kept, over all rows
   * @throws FiligreeException FIL-0351 where up is not stored by outputs or down not by inputs
   */
  public long multiplyGated(ByteBuffer x, int batch, float threshold, ByteBuffer y) {
    return multiplyGated(Execution.current(), x, batch, threshold, y);
  }

  long multiplyGated(Execution on, ByteBuffer x, int batch, float threshold, ByteBuffer y) {
    return multiplyGated(on, x, batch, FeedForwardScratch.local().rule().above(threshold), y);
  }

  /**
   * CHESS: the same with a threshold for every hidden unit.
   *
   * @param thresholds [hidden], not to be changed during the call
   * @return how many hidden units were kept, over all rows
   * @throws FiligreeException FIL-0351 where up is not stored by outputs or down not by inputs
   */
  public long multiplyGated(ByteBuffer x, int batch, float[] thresholds, ByteBuffer y) {
    return multiplyGated(Execution.current(), x, batch, thresholds, y);
  }

  long multiplyGated(Execution on, ByteBuffer x, int batch, float[] thresholds, ByteBuffer y) {
    if (thresholds.length != hidden) {
      throw new IllegalArgumentException(
          thresholds.length + " thresholds for " + hidden + " hidden units");
    }
    return multiplyGated(on, x, batch, FeedForwardScratch.local().rule().above(thresholds), y);
  }

  private long multiplyGated(Execution on, ByteBuffer x, int batch, GateRule rule, ByteBuffer y) {
    if (!(up instanceof DenseMatrix)) {
      throw new FiligreeException(
          Message.FIL_0351,
          "Hidden units",
          up == null ? shared.matrix() : up,
          "gate and up by outputs, in two matrices, up in format " + DenseMatrix.FORMAT);
    }
    columnsOf(down);
    ByteBuffer from = inputs(x, batch);
    ByteBuffer to = outputs(y, batch);
    FeedForwardScratch s = scratch(batch);
    long kept = 0;
    if (batch < BATCHED) {
      for (int b = 0; b < batch; b++) {
        kept += skipGated(on, from, b, rule, to, s);
      }
      return kept;
    }
    for (int b = 0; b < batch; b += CHUNK) {
      int count = Math.min(CHUNK, batch - b);
      ByteBuffer part = rows(from, inputs, batch, b);
      kept += zeroGated(on, part, count, rule, rows(to, outputs(), batch, b), s);
    }
    return kept;
  }

  /**
   * CoreInfer: hidden units that are not listed are zero.
   *
   * @param units the hidden units to use, ascending, each once
   * @param count how many of the list count, 0 to {@link #hidden}
   * @throws FiligreeException FIL-0351 where gate and up are not stored by outputs or down not by
   *     inputs, FIL-0313 for a unit that does not exist
   */
  public void multiplyUnits(ByteBuffer x, int batch, int[] units, int count, ByteBuffer y) {
    multiplyUnits(Execution.current(), x, batch, units, count, y);
  }

  void multiplyUnits(Execution on, ByteBuffer x, int batch, int[] units, int count, ByteBuffer y) {
    byOutputs(gate);
    byOutputs(up);
    ColumnsMatrix w = columnsOf(down);
    w.checkActive(units, count);
    ByteBuffer from = inputs(x, batch);
    ByteBuffer to = outputs(y, batch);
    FeedForwardScratch s = scratch(batch);
    if (batch < BATCHED) {
      for (int b = 0; b < batch; b++) {
        listedUnits(on, from, b, units, count, s);
        int yAt = b * outputs();
        w.activeOutputs(on, s.hidden(), 0, units, count, downBias, to, yAt, 0, outputs());
      }
      return;
    }
    for (int b = 0; b < batch; b += CHUNK) {
      int rows = Math.min(CHUNK, batch - b);
      gateAndUp(on, rows(from, inputs, batch, b), rows, s);
      combine(on, rows, s);
      for (int r = 0; r < rows; r++) {
        s.zeroOthers(s.hidden(), r * hidden, hidden, units, count);
      }
      down.multiply(on, s.hidden(), rows, downBias, rows(to, outputs(), batch, b));
    }
  }

  private void listedUnits(
      Execution on, ByteBuffer x, int row, int[] units, int count, FeedForwardScratch s) {
    UnitsJob job = s.units();
    try {
      job.start(on.kernels(), activation, units, x, row * inputs, s);
      job.openGate((DenseMatrix) gate, gateBias);
      job.openUp((DenseMatrix) up, upBias);
      on.workers().run(count, 4, 4, 2L * count * inputs, job);
    } catch (IllegalStateException e) {
      throw up.freed(e);
    } finally {
      job.end();
    }
  }

  private void byOutputs(StoredMatrix<?> matrix) {
    if (!(matrix instanceof DenseMatrix)) {
      throw new FiligreeException(
          Message.FIL_0351,
          "Hidden units",
          matrix == null ? shared.matrix() : matrix,
          "gate and up by outputs, in two matrices, in format " + DenseMatrix.FORMAT);
    }
  }

  /** Changes gate, before f, and up, between their product and that of down. */
  @FunctionalInterface
  public interface GateAndUp {
    /**
     * @param both [count][gate|up], float32 in native order from position 0; valid during the call
     * @param count rows, those whose inputs the rules have just chosen
     */
    void change(ByteBuffer both, int count);
  }

  /**
   * TEAL and WINA: inputs that are not kept are skipped.
   *
   * @param gateRule inputs of gate, or null for all
   * @param upRule inputs of up, or null for all; the same object as gateRule where both skip alike,
   *     and then it is asked once
   * @param downRule inputs of down, that is hidden units, or null for all
   * @throws FiligreeException FIL-0351 where gate with up or down is not stored by inputs
   */
  public void multiplyActive(
      ByteBuffer x,
      int batch,
      InputRule gateRule,
      InputRule upRule,
      InputRule downRule,
      ByteBuffer y) {
    multiplyActive(Execution.current(), x, batch, gateRule, upRule, downRule, null, y);
  }

  /**
   * The same with something added to gate and up, R-Sparse's remainder (Zhang et al. 2025).
   *
   * @param between is called after the rules of gate and up and before that of down, for some rows
   *     at a time
   * @throws FiligreeException FIL-0351 where gate with up or down is not stored by inputs
   */
  public void multiplyActive(
      ByteBuffer x,
      int batch,
      InputRule gateRule,
      InputRule upRule,
      InputRule downRule,
      GateAndUp between,
      ByteBuffer y) {
    if (shared == null) {
      throw new FiligreeException(
          Message.FIL_0351, "Inputs", gate, "gate and up by inputs, in one matrix");
    }
    multiplyActive(Execution.current(), x, batch, gateRule, upRule, downRule, between, y);
  }

  void multiplyActive(
      Execution on,
      ByteBuffer x,
      int batch,
      InputRule gateRule,
      InputRule upRule,
      InputRule downRule,
      GateAndUp between,
      ByteBuffer y) {
    boolean skipsInputs = gateRule != null || upRule != null;
    if (skipsInputs && shared == null) {
      throw new FiligreeException(
          Message.FIL_0351, "Inputs", gate, "gate and up by inputs, in one matrix");
    }
    if (skipsInputs) {
      shared.columns();
    }
    if (downRule != null) {
      columnsOf(down);
    }
    ByteBuffer from = inputs(x, batch);
    ByteBuffer to = outputs(y, batch);
    FeedForwardScratch s = scratch(batch);
    for (int b = 0; b < batch; b += CHUNK) {
      int count = Math.min(CHUNK, batch - b);
      ByteBuffer part = rows(from, inputs, batch, b);
      if (!skipsInputs) {
        gateAndUp(on, part, count, s);
      } else if (gateRule == upRule) {
        activeInputs(on, part, count, gateRule, 0, 2 * hidden, s);
      } else {
        activeInputs(on, part, count, gateRule, 0, hidden, s);
        activeInputs(on, part, count, upRule, hidden, 2 * hidden, s);
      }
      if (between != null) {
        between.change(s.both(), count);
      }
      combine(on, count, s);
      activeHidden(on, count, downRule, rows(to, outputs(), batch, b), s);
    }
  }

  private static ColumnsMatrix columnsOf(StoredMatrix<?> down) {
    if (down instanceof ColumnsMatrix columns) {
      return columns;
    }
    throw new FiligreeException(
        Message.FIL_0351, "Hidden units", down, "down as format " + ColumnsMatrix.FORMAT);
  }

  /** The checked inputs of all rows. */
  private ByteBuffer inputs(ByteBuffer x, int batch) {
    if (batch < 1) {
      throw new FiligreeException(Message.FIL_0304, batch);
    }
    long widest = Math.max(Math.max(inputs, outputs()), 2L * hidden);
    if (batch * widest > Integer.MAX_VALUE / 4) {
      throw new FiligreeException(Message.FIL_0312, batch, widest);
    }
    return Buffers.floats("x", x, (long) batch * inputs);
  }

  private ByteBuffer outputs(ByteBuffer y, int batch) {
    return Buffers.writable("y", y, (long) batch * outputs());
  }

  private FeedForwardScratch scratch(int batch) {
    FeedForwardScratch s = FeedForwardScratch.local();
    s.grow(inputs, hidden, Math.min(batch, CHUNK));
    return s;
  }

  /** The rows from b on that are computed together: the buffer itself where these are all. */
  private static ByteBuffer rows(ByteBuffer all, int width, int batch, int b) {
    return batch <= CHUNK ? all : Buffers.part(all, b * width, Math.min(CHUNK, batch - b) * width);
  }

  /** Both products, gate without f. */
  private void gateAndUp(Execution on, ByteBuffer x, int count, FeedForwardScratch s) {
    if (shared != null) {
      shared.stored().multiply(on, x, count, sharedBias, s.both());
    } else {
      gate.multiply(on, x, count, gateBias, s.gate());
      up.multiply(on, x, count, upBias, s.hidden());
    }
  }

  /** hidden = f(gate) * up. */
  private void combine(Execution on, int count, FeedForwardScratch s) {
    CombineJob job = s.combine();
    job.set(on.kernels().activations(), activation, hidden, s);
    if (shared != null) {
      job.from(s.both(), 0, s.both(), hidden, 2 * hidden);
    } else {
      job.from(s.gate(), 0, s.hidden(), 0, hidden);
    }
    on.workers().run(count * hidden, 16, 1, Elementwise.WORK * count * hidden, job);
  }

  /** Outputs {@code from} to {@code to} of gate with up, with the inputs a rule keeps. */
  private void activeInputs(
      Execution on,
      ByteBuffer x,
      int count,
      InputRule rule,
      int from,
      int to,
      FeedForwardScratch s) {
    ColumnsMatrix w = shared.columns();
    if (rule == null) {
      w.outputs(on, x, count, sharedBias, s.both(), from, to);
      return;
    }
    s.inputs().put(0, x, 0, 4 * count * inputs);
    if (count >= BATCHED) {
      for (int b = 0; b < count; b++) {
        s.zeroOthers(s.inputs(), s.inputFloats(), b * inputs, inputs, rule);
      }
      w.outputs(on, s.inputs(), count, sharedBias, s.both(), from, to);
      return;
    }
    for (int b = 0; b < count; b++) {
      int at = b * inputs;
      int yAt = 2 * b * hidden;
      int n = rule.keep(s.inputFloats(), at, inputs, s.active());
      w.activeOutputs(on, s.inputs(), at, s.active(), n, sharedBias, s.both(), yAt, from, to);
    }
  }

  private void activeHidden(
      Execution on, int count, InputRule rule, ByteBuffer y, FeedForwardScratch s) {
    if (rule == null || count >= BATCHED) {
      for (int b = 0; rule != null && b < count; b++) {
        s.zeroOthers(s.hidden(), s.hiddenFloats(), b * hidden, hidden, rule);
      }
      down.multiply(on, s.hidden(), count, downBias, y);
      return;
    }
    ColumnsMatrix w = columnsOf(down);
    for (int b = 0; b < count; b++) {
      int n = rule.keep(s.hiddenFloats(), b * hidden, hidden, s.active());
      int yAt = b * outputs();
      w.activeOutputs(on, s.hidden(), b * hidden, s.active(), n, downBias, y, yAt, 0, outputs());
    }
  }

  /** CATS and CHESS for one activation row: only rows of up and columns of down that are needed. */
  private int skipGated(
      Execution on, ByteBuffer x, int row, GateRule rule, ByteBuffer y, FeedForwardScratch s) {
    int xAt = row * inputs;
    GatedJob job = s.gated();
    int kept;
    try {
      job.start(on.kernels(), activation, rule, x, xAt, s);
      if (!job.openGate(gate, gateBias)) {
        // Its format computes whole rows of outputs only.
        gate.multiply(on, Buffers.part(x, xAt, inputs), 1, gateBias, s.gate());
      }
      job.openUp((DenseMatrix) up, upBias);
      on.workers().run(hidden, 4, 4, 2L * hidden * inputs, job);
      kept = job.kept(hidden);
    } catch (IllegalStateException e) {
      throw up.freed(e);
    } finally {
      job.end();
    }
    int yAt = row * outputs();
    columnsOf(down)
        .activeOutputs(on, s.hidden(), 0, s.active(), kept, downBias, y, yAt, 0, outputs());
    return kept;
  }

  /** CATS and CHESS for many activation rows: hidden units that are not kept are zeros. */
  private long zeroGated(
      Execution on, ByteBuffer x, int count, GateRule rule, ByteBuffer y, FeedForwardScratch s) {
    gate.multiply(on, x, count, gateBias, activation, s.gate());
    up.multiply(on, x, count, upBias, s.hidden());
    long kept = 0;
    for (int b = 0; b < count; b++) {
      for (int i = 0; i < hidden; i++) {
        int at = 4 * (b * hidden + i);
        float g = s.gate().getFloat(at);
        boolean keep = rule.keeps(i, g);
        s.hidden().putFloat(at, keep ? g * s.hidden().getFloat(at) : 0f);
        kept += keep ? 1 : 0;
      }
    }
    down.multiply(on, s.hidden(), count, downBias, y);
    return kept;
  }

  /** Frees the memory of all matrices, see {@link PackedMatrix#close}. */
  @Override
  public void close() {
    matrices().forEach(PackedMatrix::close);
  }
}
