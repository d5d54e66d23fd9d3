package dev.filigree.decoder.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.kernel.ValueType;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class DenseComparisonTest {
  private static final long SEED = 5;
  private static final DecoderWeights WEIGHTS = RandomModel.of("tiny", SEED);
  private static final ActivationSetting HALF = new ActivationSetting(Method.TOPK, 0.5, null);

  private static PackedDecoder pack(Method method) {
    return PackedDecoder.pack(WEIGHTS, PackSettings.of(ValueType.F32, method.layout()));
  }

  private static SessionSettings settings(ActivationSetting setting, int capacity) {
    return new SessionSettings(capacity, setting, SessionSettings.Scope.ALL, 0);
  }

  private static List<int[]> sequences() {
    SplittableRandom random = new SplittableRandom(SEED);
    // Shorter than a chunk, a chunk and its last id, and several chunks of either model.
    return List.of(
        random.ints(7, 0, 512).toArray(),
        random.ints(33, 0, 512).toArray(),
        random.ints(150, 0, 512).toArray());
  }

  /** The definition, without the sums of exponentials in one place: probabilities first. */
  private static double divergence(float[] p, float[] q) {
    double[] a = softmax(p);
    double[] b = softmax(q);
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * Math.log(a[i] / b[i]);
    }
    return sum;
  }

  private static double[] softmax(float[] x) {
    double all = 0;
    for (float v : x) {
      all += Math.exp(v);
    }
    double[] out = new double[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = Math.exp(x[i]) / all;
    }
    return out;
  }

  private static List<float[]> oneByOne(PackedDecoder model, ActivationSetting setting, int[] ids) {
    DecoderSession session = model.newSession(settings(setting, ids.length));
    List<float[]> out = new ArrayList<>();
    for (int i = 0; i + 1 < ids.length; i++) {
      float[] logits = new float[512];
      session.feed(ids[i]).get(0, logits);
      out.add(logits);
    }
    return out;
  }

  private static int largest(float[] x) {
    int best = 0;
    for (int i = 0; i < x.length; i++) {
      best = x[i] > x[best] ? i : best;
    }
    return best;
  }

  @Test
  void isTheDefinitionOverAllPositions() {
    try (PackedDecoder dense = pack(Method.NONE);
        PackedDecoder sparse = pack(Method.TOPK)) {
      double sum = 0;
      long same = 0;
      long count = 0;
      for (int[] ids : sequences()) {
        List<float[]> p = oneByOne(dense, ActivationSetting.NONE, ids);
        List<float[]> q = oneByOne(sparse, HALF, ids);
        for (int i = 0; i < p.size(); i++) {
          sum += divergence(p.get(i), q.get(i));
          same += largest(p.get(i)) == largest(q.get(i)) ? 1 : 0;
          count++;
        }
      }
      DenseComparison found =
          DenseComparison.measure(dense, sparse, sequences(), settings(HALF, 1), (d, t) -> {});
      assertThat(found.kl()).isCloseTo(sum / count, within(1e-4 * sum / count)).isPositive();
      // Two logits that are almost equal may change places where rows are computed together.
      assertThat(found.agreement()).isCloseTo((double) same / count, within(1.5 / count));
      assertThat(found.agreement()).isBetween(0.01, 0.99);
      double[] interval = found.klInterval(0);
      assertThat(found.kl()).isBetween(interval[0], interval[1]);
    }
  }

  @Test
  void aModelAgreesWithItself() {
    try (PackedDecoder dense = pack(Method.NONE)) {
      DenseComparison found =
          DenseComparison.measure(
              dense, dense, sequences(), settings(ActivationSetting.NONE, 1), (d, t) -> {});
      assertThat(found.agreement()).isEqualTo(1);
      assertThat(found.kl()).isCloseTo(0, within(1e-9));
    }
  }

  @Test
  void divergenceOfLogitsFarFromZeroKeepsItsDigits() {
    // p = (3/4, 1/4), q = (1/2, 1/2), both shifted: KL = ln 2 - H(p).
    float shift = 1000;
    FloatBuffer p = FloatBuffer.wrap(new float[] {0, shift + (float) Math.log(3), shift});
    FloatBuffer q = FloatBuffer.wrap(new float[] {-shift, -shift});
    double expected =
        new BigDecimal(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), MathContext.DECIMAL64)
            .doubleValue();
    assertThat(DenseComparison.divergence(p, 1, q, 0, 2)).isCloseTo(expected, within(1e-4));
    // Not symmetric.
    assertThat(DenseComparison.divergence(q, 0, p, 1, 2))
        .isCloseTo(0.5 * Math.log(0.5 / 0.75) + 0.5 * Math.log(0.5 / 0.25), within(1e-4));
  }

  @Test
  void equalLogitsPredictTheFirst() {
    assertThat(DenseComparison.largest(FloatBuffer.wrap(new float[] {9, 1, 4, 4}), 1, 3))
        .isEqualTo(1);
  }

  @Test
  void riseIsInterpolatedAtItsFirstCrossing() {
    TreeMap<Double, Double> curve = new TreeMap<>();
    curve.put(0.3, 10.05);
    curve.put(0.5, 10.25);
    curve.put(0.6, 10.0);
    curve.put(0.7, 12.0);
    assertThat(PerplexityRise.sparsity(10, curve, 1).getAsDouble()).isCloseTo(0.35, within(1e-12));
    // Between no sparsity at all and the first point.
    assertThat(PerplexityRise.sparsity(10, curve, 0.25).getAsDouble())
        .isCloseTo(0.15, within(1e-12));
    assertThat(PerplexityRise.sparsity(10, curve, 20).getAsDouble()).isCloseTo(0.7, within(1e-12));
    assertThat(PerplexityRise.sparsity(10, curve, 21)).isEqualTo(OptionalDouble.empty());
  }
}
