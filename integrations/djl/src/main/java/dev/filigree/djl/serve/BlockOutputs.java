package dev.filigree.djl.serve;

import dev.filigree.kernel.Activation;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.pack.PackedMatrix;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a block down(f(gate(x)) * up(x)) makes of some rows x while its layers skip small inputs.
 * Products are float32 and do not depend on the number of threads.
 */
final class BlockOutputs {

  /**
   * The three layers of a block.
   *
   * @param bias of every output, or null
   */
  record Layer(PackedMatrix weight, ByteBuffer bias) {
    void multiply(ByteBuffer x, int rows, Activation f, ByteBuffer y) {
      weight.multiply(x, rows, bias, f, y);
    }
  }

  private final int rows;
  private final Product gate;
  private final Product up;
  private final Layer down;
  private final ByteBuffer hidden;
  private final ByteBuffer outputs;
  private final FloatBuffer dense;

  /**
   * @param f of the gate
   * @param x rows, one behind the other
   */
  BlockOutputs(Layer gate, Layer up, Layer down, Activation f, float[] x) {
    this.rows = x.length / gate.weight().cols();
    ByteBuffer inputs = AlignedMemory.allocate(4 * x.length);
    inputs.asFloatBuffer().put(x);
    this.gate = new Product(gate, f, inputs, rows);
    this.up = new Product(up, Activation.NONE, inputs, rows);
    this.down = down;
    hidden = values(rows, down.weight().cols());
    outputs = values(rows, down.weight().rows());
    compute(-1, -1, -1);
    dense = values(rows, down.weight().rows()).asFloatBuffer();
    dense.put(0, outputs.asFloatBuffer(), 0, dense.limit());
  }

  private static ByteBuffer values(int rows, int width) {
    return AlignedMemory.allocate(Math.multiplyExact(4 * rows, width));
  }

  /** The inputs of down where nothing is skipped: f(gate(x)) * up(x), one row behind the other. */
  float[] hidden() {
    compute(-1, -1, -1);
    float[] out = new float[hidden.limit() / 4];
    hidden.asFloatBuffer().get(out);
    return out;
  }

  /**
   * The sum of the squared differences between these outputs and the dense ones.
   *
   * @param gateAbove inputs of gate at or below it, in magnitude, are skipped; negative for none
   * @param upAbove the same for up
   * @param downAbove the same for down
   */
  double error(float gateAbove, float upAbove, float downAbove) {
    compute(gateAbove, upAbove, downAbove);
    FloatBuffer y = outputs.asFloatBuffer();
    double sum = 0;
    for (int i = 0; i < y.limit(); i++) {
      double difference = (double) y.get(i) - dense.get(i);
      sum += difference * difference;
    }
    return sum;
  }

  private void compute(float gateAbove, float upAbove, float downAbove) {
    FloatBuffer g = gate.above(gateAbove);
    FloatBuffer u = up.above(upAbove);
    FloatBuffer h = hidden.asFloatBuffer();
    for (int i = 0; i < h.limit(); i++) {
      float v = g.get(i) * u.get(i);
      h.put(i, Math.abs(v) <= downAbove ? 0 : v);
    }
    down.multiply(hidden, rows, Activation.NONE, outputs);
  }

  /**
   * One layer's outputs. A search asks for the same thresholds again and again while it tries the
   * other layers, so the outputs of the last few are kept.
   */
  private static final class Product {
    private static final int KEPT = 3;

    private final Layer layer;
    private final Activation f;
    private final ByteBuffer x;
    private final ByteBuffer kept;
    private final int rows;
    // In the order of their last use.
    private final Map<Float, ByteBuffer> known = new LinkedHashMap<>(8, 0.75f, true);

    Product(Layer layer, Activation f, ByteBuffer x, int rows) {
      this.layer = layer;
      this.f = f;
      this.x = x;
      this.rows = rows;
      this.kept = AlignedMemory.allocate(x.limit());
    }

    FloatBuffer above(float threshold) {
      ByteBuffer y = known.get(threshold);
      if (y == null) {
        y = known.size() < KEPT ? values(rows, layer.weight().rows()) : forgotten();
        FloatBuffer from = x.asFloatBuffer();
        FloatBuffer to = kept.asFloatBuffer();
        for (int i = 0; i < to.limit(); i++) {
          float v = from.get(i);
          to.put(i, Math.abs(v) <= threshold ? 0 : v);
        }
        layer.multiply(kept, rows, f, y);
        known.put(threshold, y);
      }
      return y.asFloatBuffer();
    }

    private ByteBuffer forgotten() {
      Iterator<ByteBuffer> oldest = known.values().iterator();
      ByteBuffer y = oldest.next();
      oldest.remove();
      return y;
    }
  }
}
