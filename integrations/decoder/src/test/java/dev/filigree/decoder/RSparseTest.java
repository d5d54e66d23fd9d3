package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.evaluate.Loss;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.OverlaidWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.serve.SessionSettings.Scope;
import dev.filigree.decoder.sparsity.ActivationCalibration;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.pack.Remainder;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.SingularOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.SingularValueDecomposition_F64;
import org.junit.jupiter.api.Test;

/** R-Sparse in the decoder: Zhang et al. 2025. */
class RSparseTest {
  private static final DecoderConfig CONFIG = RandomModel.of("tiny", 5).config();
  private static final DecoderWeights MODEL = withStrongDirections(RandomModel.of("tiny", 5));

  /** Random weights have no directions that matter; trained ones do. */
  static DecoderWeights withStrongDirections(DecoderWeights model) {
    Map<String, ByteBuffer> changed = new HashMap<>();
    SplittableRandom random = new SplittableRandom(6);
    for (int l = 0; l < CONFIG.layers(); l++) {
      for (Projection p : Projection.values()) {
        int in = p.cols(CONFIG);
        double[] a = random.doubles(p.rows(CONFIG), -1, 1).toArray();
        double[] b = random.doubles(in, -1, 1).toArray();
        ByteBuffer w = model.floats(p.weight(l));
        ByteBuffer copy = AlignedMemory.allocate(w.limit());
        for (int i = 0; i < w.limit() / 4; i++) {
          double v = 0.5 * w.getFloat(4 * i) + 0.4 * a[i / in] * b[i % in];
          copy.putFloat(4 * i, (float) v);
        }
        changed.put(p.weight(l), copy);
      }
    }
    return new OverlaidWeights(model, changed);
  }

  private static int[] ids(long seed, int count) {
    return new SplittableRandom(seed).ints(count, 0, CONFIG.vocab()).toArray();
  }

  private static ActivationSetting setting(DecoderWeights weights, double sparsity) {
    return ActivationCalibration.settingFor(
        Method.R_SPARSE, sparsity, weights, List.of(ids(1, 60)), (done, total) -> {});
  }

  private static PackedDecoder packed(DecoderWeights weights, ValueType type) {
    return PackedDecoder.pack(weights, PackSettings.of(type, Method.R_SPARSE.layout()));
  }

  /** W = U S V^T, from the largest singular value on. */
  private record Svd(DMatrixRMaj u, DMatrixRMaj s, DMatrixRMaj v) {
    static Svd of(DecoderWeights weights, int layer, Projection p) {
      DMatrixRMaj w = new DMatrixRMaj(p.rows(CONFIG), p.cols(CONFIG));
      ByteBuffer floats = weights.floats(p.weight(layer));
      for (int i = 0; i < w.data.length; i++) {
        w.data[i] = floats.getFloat(4 * i);
      }
      SingularValueDecomposition_F64<DMatrixRMaj> svd =
          DecompositionFactory_DDRM.svd(w.numRows, w.numCols, true, true, true);
      assertThat(svd.decompose(w)).isTrue();
      DMatrixRMaj u = svd.getU(null, false);
      DMatrixRMaj s = svd.getW(null);
      DMatrixRMaj v = svd.getV(null, false);
      SingularOps_DDRM.descendingOrder(u, false, s, v, false);
      return new Svd(u, s, v);
    }

    double[] times(double[] z, int rank) {
      double[] y = new double[u.numRows];
      for (int k = 0; k < rank; k++) {
        double inner = 0;
        for (int i = 0; i < z.length; i++) {
          inner += v.get(i, k) * z[i];
        }
        for (int r = 0; r < y.length; r++) {
          y[r] += u.get(r, k) * s.get(k, k) * inner;
        }
      }
      return y;
    }
  }

  /** The method as it is defined, by singular values and vectors, in double. */
  private static final class Plain implements PlainDecoder.Skipping {
    private final DecoderWeights weights;
    private final ActivationSetting setting;
    private final Map<String, Svd> svd = new HashMap<>();
    long kept;

    Plain(DecoderWeights weights, ActivationSetting setting) {
      this.weights = weights;
      this.setting = setting;
    }

    private boolean keeps(int layer, Projection p, int i, double x) {
      ByteBuffer w = weights.floats(p.weight(layer));
      double squares = 0;
      for (int r = 0; r < p.rows(CONFIG); r++) {
        double v = w.getFloat(4 * (r * p.cols(CONFIG) + i));
        squares += v * v;
      }
      return Math.abs(x) * Math.sqrt(squares) > setting.thresholds()[layer][p.index()];
    }

    @Override
    public double[] inputs(int layer, Projection p, double[] x) {
      for (int i = 0; i < x.length; i++) {
        boolean keep = keeps(layer, p, i, x[i]);
        kept += keep ? 1 : 0;
        x[i] = keep ? x[i] : 0;
      }
      return x;
    }

    @Override
    public double[] added(int layer, Projection p, double[] x) {
      double[] z = x.clone();
      for (int i = 0; i < z.length; i++) {
        z[i] = keeps(layer, p, i, z[i]) ? 0 : z[i];
      }
      return svd.computeIfAbsent(p.weight(layer), n -> Svd.of(weights, layer, p))
          .times(z, setting.remainders()[layer][p.index()].rank());
    }

    @Override
    public double[] gates(int layer, double[] g) {
      return g;
    }
  }

  private static void same(DecoderWeights weights, ActivationSetting setting, int[] ids) {
    Plain plain = new Plain(weights, setting);
    double[][] expected = new PlainDecoder(weights, plain).logits(ids);
    try (PackedDecoder packed = packed(weights, ValueType.F32)) {
      SessionSettings settings = new SessionSettings(20, setting, Scope.ALL, 0);
      DecoderSession one = packed.newSession(settings);
      DecoderSession all = packed.newSession(settings);
      for (int k = 0; k < ids.length; k++) {
        same(one.feed(ids[k]), 0, expected[k]);
      }
      all.feed(ids, (i, logits, at) -> same(logits, at, expected[i]));
      for (DecoderSession session : List.of(one, all)) {
        long inputs = 0;
        for (Projection p : Projection.values()) {
          inputs += (long) CONFIG.layers() * ids.length * p.cols(CONFIG);
        }
        assertThat(session.counts().sparsity())
            .isCloseTo(1 - (double) plain.kept / inputs, within(1e-12));
      }
    }
  }

  private static void same(FloatBuffer logits, int at, double[] expected) {
    for (int i = 0; i < CONFIG.vocab(); i++) {
      assertThat((double) logits.get(at + i)).isCloseTo(expected[i], within(1e-4));
    }
  }

  @Test
  void isTheDefinition() {
    ActivationSetting setting = setting(MODEL, 0.5);
    for (Remainder[] block : setting.remainders()) {
      assertThat(block).anyMatch(r -> r.rank() > 0);
    }
    int[] ids = ids(2, 12);
    same(MODEL, setting, ids);
    double[] dense = new PlainDecoder(MODEL).logits(ids)[11];
    double[] sparse = new PlainDecoder(MODEL, new Plain(MODEL, setting)).logits(ids)[11];
    double change = 0;
    for (int i = 0; i < dense.length; i++) {
      change = Math.max(change, Math.abs(dense[i] - sparse[i]));
    }
    assertThat(change).isGreaterThan(0.01);
  }

  /** All that is skipped comes back where nothing of the factors is cut off. */
  @Test
  void fullRankIsTheDenseModel() {
    float[][] thresholds = new float[CONFIG.layers()][7];
    Remainder[][] remainders = new Remainder[CONFIG.layers()][7];
    for (int l = 0; l < CONFIG.layers(); l++) {
      for (Projection p : Projection.values()) {
        Svd svd = Svd.of(MODEL, l, p);
        int rank = Math.min(p.rows(CONFIG), p.cols(CONFIG));
        float[] norms = new float[p.cols(CONFIG)];
        float[] in = new float[rank * norms.length];
        float[] out = new float[p.rows(CONFIG) * rank];
        for (int k = 0; k < rank; k++) {
          for (int i = 0; i < norms.length; i++) {
            in[k * norms.length + i] = (float) (svd.s.get(k, k) * svd.v.get(i, k));
          }
          for (int r = 0; r < p.rows(CONFIG); r++) {
            out[r * rank + k] = (float) svd.u.get(r, k);
          }
        }
        Arrays.fill(norms, 1);
        thresholds[l][p.index()] = l == 0 ? Float.MAX_VALUE : 0.5f;
        remainders[l][p.index()] = new Remainder(norms, 0, rank, in, out);
      }
    }
    int[] ids = ids(3, 10);
    double[][] expected = new PlainDecoder(MODEL).logits(ids);
    try (PackedDecoder packed = packed(MODEL, ValueType.F32)) {
      packed
          .newSession(
              new SessionSettings(
                  20,
                  new ActivationSetting(Method.R_SPARSE, 0.5, thresholds, remainders),
                  Scope.ALL,
                  0))
          .feed(ids, (i, logits, at) -> same(logits, at, expected[i]));
    }
  }

  @Test
  void nothingToSkipIsTheDenseModel() {
    ActivationSetting setting = setting(MODEL, 0);
    assertThat(setting.remainders()[1]).allMatch(r -> r.rank() == 0 && r.kept() == r.inputs());
    int[] ids = ids(3, 10);
    double[][] expected = new PlainDecoder(MODEL).logits(ids);
    try (PackedDecoder packed = packed(MODEL, ValueType.F32)) {
      packed
          .newSession(new SessionSettings(20, setting, Scope.ALL, 0))
          .feed(ids, (i, logits, at) -> same(logits, at, expected[i]));
    }
  }

  /** Inputs and factors together read what the sparsity leaves, and are counted so. */
  @Test
  void factorsArePartOfTheBudget() {
    double sparsity = 0.4;
    ActivationSetting setting = setting(MODEL, sparsity);
    long factors = 0;
    for (Remainder[] block : setting.remainders()) {
      for (Projection p : Projection.values()) {
        Remainder r = block[p.index()];
        int in = p.cols(CONFIG);
        int out = p.rows(CONFIG);
        long used = (long) r.kept() * out + (long) r.rank() * (in + out);
        assertThat((double) used)
            .isLessThanOrEqualTo((1 - sparsity) * in * out)
            .isGreaterThan((1 - sparsity) * in * out - in - 2 * out);
        factors += (long) r.rank() * (in + out);
      }
    }
    assertThat(factors).isPositive();
    for (ValueType type : new ValueType[] {ValueType.F32, ValueType.BF16}) {
      try (PackedDecoder packed = packed(MODEL, type)) {
        DecoderSession session = packed.newSession(new SessionSettings(60, setting, Scope.ALL, 0));
        session.feed(ids(1, 59));
        double read = 0;
        long all = 0;
        for (Projection p : Projection.values()) {
          long weights = (long) CONFIG.layers() * p.rows(CONFIG) * p.cols(CONFIG);
          all += weights;
          read += weights * session.counts().kept(p);
        }
        long head = packed.denseBytesPerToken() - all * type.bytes();
        long bytes = packed.realisedBytesPerToken(session.counts(), setting);
        assertThat((double) bytes).isCloseTo(head + type.bytes() * (read + factors), within(2.0));
        // These are the tokens of the calibration.
        assertThat((double) (bytes - head) / (packed.denseBytesPerToken() - head))
            .isCloseTo(1 - sparsity, within(0.03));
        for (int l = 0; l < CONFIG.layers(); l++) {
          assertThat(session.counts().sparsity(l))
              .isCloseTo(setting.planned(l, CONFIG.layers()), within(0.06));
        }
        // Before anything was decoded nothing was skipped.
        session.resetCounts();
        assertThat(packed.realisedBytesPerToken(session.counts(), setting))
            .isEqualTo(packed.denseBytesPerToken());
      }
    }
  }

  /** The weights as they are after rounding. */
  private static DecoderWeights rounded(ValueType type) {
    Map<String, ByteBuffer> changed = new HashMap<>();
    for (int l = 0; l < CONFIG.layers(); l++) {
      for (Projection p : Projection.values()) {
        round(changed, p.weight(l), p.rows(CONFIG), p.cols(CONFIG), type);
      }
    }
    round(changed, DecoderWeights.EMBEDDING, CONFIG.vocab(), CONFIG.dim(), type);
    return new OverlaidWeights(MODEL, changed);
  }

  private static void round(
      Map<String, ByteBuffer> to, String name, int rows, int cols, ValueType type) {
    try (PackedMatrix m = PackedMatrices.of("dense", type, MODEL.floats(name), rows, cols)) {
      ByteBuffer dense = AlignedMemory.allocate(4 * rows * cols);
      m.unpack(dense);
      to.put(name, dense);
    }
  }

  /** Factors are rounded as the weights are. */
  @Test
  void typesOfWeights() {
    ActivationSetting setting = setting(MODEL, 0.5);
    int[] ids = ids(2, 12);
    for (ValueType type : new ValueType[] {ValueType.BF16, ValueType.INT8}) {
      DecoderWeights weights = rounded(type);
      double[] expected = new PlainDecoder(weights, new Plain(weights, setting)).logits(ids)[11];
      try (PackedDecoder packed = packed(MODEL, type)) {
        float[] logits = new float[CONFIG.vocab()];
        packed.newSession(new SessionSettings(20, setting, Scope.ALL, 0)).feed(ids).get(0, logits);
        double[] found = new double[logits.length];
        for (int i = 0; i < found.length; i++) {
          found[i] = logits[i];
        }
        // Rounding moves a few inputs across their threshold.
        assertThat(distance(found, expected))
            .as("%s", type)
            .isPositive()
            .isLessThan(0.25 * distance(expected, new double[expected.length]));
      }
    }
  }

  private static double distance(double[] a, double[] b) {
    double squares = 0;
    for (int i = 0; i < a.length; i++) {
      squares += Math.pow(a[i] - b[i], 2);
    }
    return Math.sqrt(squares / a.length);
  }

  @Test
  void storiesLoseLessThanByTheSameScoreAlone() {
    DecoderWeights model = DecoderFiles.open(Shared.file("data/stories260K.bin"));
    List<int[]> calibration = sequences("calibration_ids");
    double[] nll = new double[2];
    long[] bytes = new long[2];
    for (Method method : new Method[] {Method.R_SPARSE, Method.WINA}) {
      ActivationSetting setting =
          ActivationCalibration.settingFor(method, 0.5, model, calibration, (done, total) -> {});
      PackSettings layout = new PackSettings(ValueType.F32, method.layout(), true);
      try (PackedDecoder packed = PackedDecoder.pack(model, layout)) {
        SessionSettings settings = new SessionSettings(192, setting, Scope.ALL, 0);
        Loss loss = Loss.measure(packed, sequences("eval_ids"), settings, (done, total) -> {});
        DecoderSession session = packed.newSession(settings);
        session.feed(sequences("eval_ids").get(0));
        int i = method == Method.WINA ? 1 : 0;
        nll[i] = loss.nll();
        bytes[i] = packed.realisedBytesPerToken(session.counts(), setting);
      }
    }
    assertThat(nll[0]).isLessThan(nll[1]);
    assertThat((double) bytes[0]).isCloseTo((double) bytes[1], within(0.03 * bytes[1]));
  }

  private static List<int[]> sequences(String name) {
    return Shared.sequences(Shared.json("fixtures/stories260k.json").getAsJsonArray(name));
  }
}
