package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import dev.filigree.pack.GatedFeedForward;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.pack.SharedInputs;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Packed weights of a whole block, and what it skips. */
public abstract class FusedOperator {

  /**
   * Outputs of the block, on the manager of its input [batch, inputs] of any shape; null where it
   * has nothing to skip and the block is to run as it is.
   */
  abstract NDList answer(NDArray x, int batch);

  /** Whether the rules of the block's layers are to see its forward, whatever answers. */
  boolean watches(NDArray x) {
    return false;
  }

  abstract int inputs();

  /** Bytes of the packed weights of one of its layers. */
  abstract long bytes(int layer);

  abstract String format();

  private static NDArray result(NDArray x, int outputs) {
    return x.getManager().create(Arrays32.withLast(x.getShape(), outputs), DataType.FLOAT32);
  }

  /**
   * CATS, CHESS and RELU.
   *
   * @param gate the rule on the gate, with a threshold, or one for every hidden unit
   * @param down what counts the inputs of down
   */
  public static FusedOperator gated(
      GatedFeedForward block, ActivationRule gate, ActivationRule down) {
    float[] units = gate.unitThresholds();
    float threshold = units.length > 0 ? 0 : (float) gate.threshold().orElseThrow();
    return new Whole(block) {
      @Override
      void multiply(ByteBuffer in, int batch, ByteBuffer out) {
        long kept =
            units.length > 0
                ? block.multiplyGated(in, batch, units, out)
                : block.multiplyGated(in, batch, threshold, out);
        long all = (long) batch * block.hidden();
        gate.count(kept, all);
        down.count(kept, all);
      }
    };
  }

  /** TEAL, TEAL_GREEDY, WINA, WINA_THRESHOLD and TOP_K; a rule is null where nothing is skipped. */
  public static FusedOperator active(
      GatedFeedForward block, ActivationRule gate, ActivationRule up, ActivationRule down) {
    // Two thresholds from the same inputs are one rule, and one choice serves both layers.
    boolean alike = gate != null && up != null && gate.isSameAs(up);
    return new Whole(block) {
      @Override
      void multiply(ByteBuffer in, int batch, ByteBuffer out) {
        block.multiplyActive(in, batch, gate, alike ? gate : up, down, out);
      }
    };
  }

  /**
   * COREINFER: tokens after a prompt. Of other hidden units than its core neurons nothing is read;
   * the prompt itself is left to the block.
   *
   * @param down the rule on down, which sees the prompts
   */
  public static FusedOperator prompted(GatedFeedForward block, PromptRule down) {
    return new FeedForward(block) {
      @Override
      boolean watches(NDArray x) {
        return down.isPrompt(x.getShape());
      }

      @Override
      NDList answer(NDArray x, int batch) {
        int[][] core = down.core(x.getShape(), block.hidden());
        if (core == null) {
          return null;
        }
        NDArray y = result(x, block.outputs());
        ByteBuffer in = Arrays32.buffer(x);
        ByteBuffer out = Arrays32.buffer(y);
        for (int b = 0; b < batch; b++) {
          ByteBuffer from = part(in, b * block.inputs(), block.inputs());
          ByteBuffer to = part(out, b * block.outputs(), block.outputs());
          block.multiplyUnits(from, 1, core[b], core[b].length, to);
          down.count(core[b].length, block.hidden());
        }
        return new NDList(y);
      }
    };
  }

  private static ByteBuffer part(ByteBuffer buffer, int at, int count) {
    return buffer.slice(4 * at, 4 * count).order(ByteOrder.nativeOrder());
  }

  private abstract static class FeedForward extends FusedOperator {
    private final GatedFeedForward block;

    FeedForward(GatedFeedForward block) {
      this.block = block;
    }

    @Override
    int inputs() {
      return block.inputs();
    }

    @Override
    long bytes(int layer) {
      List<PackedMatrix> matrices = block.matrices();
      return matrices.size() == 3
          ? matrices.get(layer).bytes()
          : layer == 2 ? matrices.get(1).bytes() : matrices.get(0).bytes() / 2;
    }

    @Override
    String format() {
      return block.matrices().size() == 3 ? "dense+columns" : "columns";
    }
  }

  /** Answers every input. */
  private abstract static class Whole extends FeedForward {
    private final int outputs;

    Whole(GatedFeedForward block) {
      super(block);
      outputs = block.outputs();
    }

    abstract void multiply(ByteBuffer in, int batch, ByteBuffer out);

    @Override
    NDList answer(NDArray x, int batch) {
      NDArray y = result(x, outputs);
      multiply(Arrays32.buffer(x), batch, Arrays32.buffer(y));
      return new NDList(y);
    }
  }

  /**
   * Projections that share their input.
   *
   * @param bias [rows] of all projections, or null
   * @param rules of the projections, none of them null
   */
  public static FusedOperator shared(
      SharedInputs projections, ByteBuffer bias, List<ActivationRule> rules) {
    return new Shared(projections, bias, rules);
  }

  private static final class Shared extends FusedOperator {
    private final SharedInputs projections;
    private final ByteBuffer bias;
    private final List<ActivationRule> rules;
    private final boolean alike;

    Shared(SharedInputs projections, ByteBuffer bias, List<ActivationRule> rules) {
      this.projections = projections;
      this.bias = bias;
      this.rules = rules;
      this.alike = rules.stream().allMatch(rules.get(0)::isSameAs);
    }

    @Override
    NDList answer(NDArray x, int batch) {
      ByteBuffer in = Arrays32.buffer(x);
      int row = projections.rows();
      ByteBuffer all = Scratch.get().outputs(Math.multiplyExact(4 * row, batch));
      int n = projections.inputs();
      int[] active = Scratch.get().active(n);
      for (int b = 0; b < batch; b++) {
        ByteBuffer from = batch == 1 ? in : part(in, b * n, n);
        ByteBuffer to = batch == 1 ? all : part(all, b * row, row);
        if (alike) {
          int count = rules.get(0).keep(from.asFloatBuffer(), 0, n, active);
          for (int p = 1; p < rules.size(); p++) {
            rules.get(p).count(count, n);
          }
          projections.multiplyActive(from, active, count, bias, to);
        } else {
          for (int p = 0; p < rules.size(); p++) {
            int count = rules.get(p).keep(from.asFloatBuffer(), 0, n, active);
            projections.multiplyActive(p, from, active, count, bias, to);
          }
        }
      }
      NDList outputs = new NDList();
      for (int p = 0; p < projections.projections(); p++) {
        NDArray y = result(x, projections.rows(p));
        ByteBuffer target = Arrays32.buffer(y);
        int bytes = 4 * projections.rows(p);
        for (int b = 0; b < batch; b++) {
          target.put(b * bytes, all, 4 * (b * row + projections.start(p)), bytes);
        }
        outputs.add(y);
      }
      return outputs;
    }

    @Override
    int inputs() {
      return projections.inputs();
    }

    @Override
    long bytes(int layer) {
      return projections.matrix().bytes() * projections.rows(layer) / projections.rows();
    }

    @Override
    String format() {
      return "columns";
    }
  }
}
