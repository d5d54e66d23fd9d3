package dev.filigree.decoder.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A packed decoder in the place of a {@link CausalDecoder}: the same inputs and outputs, no
 * parameters, so that DJL's {@code TextGenerator} (greedy, beam and contrastive search) runs on
 * packed weights:
 *
 * <pre>{@code
 * try (PackedDecoderBlock block = new PackedDecoderBlock(packed, settings);
 *     Model model = Model.newInstance("packed", "PyTorch")) {
 *   model.setBlock(block);
 *   try (Predictor<NDList, CausalLMOutput> p = model.newPredictor(new CausalDecoderTranslator())) {
 *     NDArray ids = new TextGenerator(p, "beam", search).generate(prompt);
 *   }
 * }
 * }</pre>
 *
 * <p>Keys and values travel as arrays, because the search repeats, permutes and drops them as it
 * likes: every call reads them into a session row by row and gives them back with those of the new
 * tokens. So nothing is kept for a sequence between calls. One session serves all rows of a call;
 * as many are kept as calls ran at the same time, each with a cache for the capacity of the
 * settings, until {@link #close}. A call holds, beside DJL's arrays, a copy of the keys and values
 * that came in and of those that go out.
 *
 * <p>Where activations are skipped, a token that comes alone skips them in either scope, several
 * together in scope {@code ALL} only. Methods that choose from a prompt are refused. Safe for any
 * number of threads. The decoder stays the caller's to close.
 */
public final class PackedDecoderBlock extends AbstractBlock implements AutoCloseable {
  /** Ids, positions and mask; keys and values come behind. */
  private static final int BEFORE_CACHE = 3;

  private final PackedDecoder decoder;
  private final DecoderConfig config;
  private final SessionSettings settings;
  private final Queue<DecoderSession> idle = new ConcurrentLinkedQueue<>();

  /**
   * A block on a decoder.
   *
   * @param settings of the sessions; their capacity is the most positions of a row, padding left
   *     out
   * @throws FiligreeException FIL-0713 for a capacity the model does not have, FIL-0884 for a
   *     method that chooses from a prompt, FIL-0852 where the method does not fit the model
   */
  public PackedDecoderBlock(PackedDecoder decoder, SessionSettings settings) {
    if (settings.activation().method().needsPrompt()) {
      throw new FiligreeException(Message.FIL_0884, settings.activation().method().label());
    }
    this.decoder = decoder;
    this.config = decoder.config();
    this.settings = settings;
    idle.add(decoder.newSession(settings));
  }

  /** How many sessions are kept: as many as calls ran at the same time. */
  public int sessions() {
    return idle.size();
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
    if (training) {
      throw new FiligreeException(Message.FIL_0885);
    }
    DecoderSession session = idle.poll();
    if (session == null) {
      session = decoder.newSession(settings);
    }
    try {
      return new Call(config, session, inputs).outputs();
    } finally {
      session.reset();
      idle.add(session);
    }
  }

  /** One call: all rows through one session. */
  private static final class Call {
    private final DecoderConfig c;
    private final DecoderSession session;
    private final NDManager manager;
    private final boolean cached;
    private final int batch;
    private final int tokens;
    private final int past;
    private final long[] ids;
    private final long[] positions;
    private final long[] mask;
    private final float[][] before;
    private final float[][] after;
    private final float[] logits;
    private final float[] states;

    Call(DecoderConfig config, DecoderSession session, NDList inputs) {
      c = config;
      this.session = session;
      NDArray head = inputs.head();
      manager = head.getManager();
      batch = Math.toIntExact(head.getShape().get(0));
      tokens = Math.toIntExact(head.getShape().get(1));
      ids = longs(head);
      cached = inputs.size() > 1;
      int arrays = cached ? 2 * c.layers() : 0;
      boolean hasPast = inputs.size() > BEFORE_CACHE;
      past = hasPast ? Math.toIntExact(inputs.get(BEFORE_CACHE).getShape().get(2)) : 0;
      positions = cached ? longs(inputs.get(1)) : null;
      mask = cached ? longs(inputs.get(2)) : null;
      before = new float[arrays][];
      after = new float[arrays][];
      for (int a = 0; a < arrays; a++) {
        before[a] = past > 0 ? inputs.get(BEFORE_CACHE + a).toFloatArray() : new float[0];
        after[a] = new float[Math.multiplyExact(batch * c.kvDim(), past + tokens)];
      }
      logits = new float[Math.multiplyExact(batch * tokens, c.vocab())];
      states = new float[Math.multiplyExact(batch * tokens, c.dim())];
    }

    private static long[] longs(NDArray array) {
      if (array.getDataType() == DataType.INT64) {
        return array.toLongArray();
      }
      try (NDArray converted = array.toType(DataType.INT64, true)) {
        return converted.toLongArray();
      }
    }

    NDList outputs() {
      for (int b = 0; b < batch; b++) {
        row(b);
      }
      NDList out = new NDList(manager.create(logits, new Shape(batch, tokens, c.vocab())));
      if (cached) {
        out.add(manager.create(states, new Shape(batch, tokens, c.dim())));
        Shape shape = new Shape(batch, c.kvHeads(), past + tokens, c.headDim());
        for (float[] a : after) {
          out.add(manager.create(a, shape));
        }
      }
      return out;
    }

    private boolean isToken(int row, int at) {
      return !cached || mask[row * (past + tokens) + at] != 0;
    }

    /** Padding is left out: its keys and values stay zero, and so do its outputs. */
    private void row(int b) {
      int[] real = new int[past];
      int count = 0;
      for (int i = 0; i < past; i++) {
        real[count] = i;
        count += isToken(b, i) ? 1 : 0;
      }
      if (count > 0) {
        session.restore(count, (l, p, both) -> read(before, past, l, b, real[p], both));
      } else {
        session.reset();
      }
      int[] fresh = new int[tokens];
      int[] at = new int[tokens];
      int n = 0;
      for (int t = 0; t < tokens; t++) {
        if (isToken(b, past + t)) {
          if (cached && positions[b * tokens + t] != count + n) {
            throw new FiligreeException(
                Message.FIL_0883, t, b, positions[b * tokens + t], count + n);
          }
          at[n] = t;
          fresh[n++] = Math.toIntExact(ids[b * tokens + t]);
        }
      }
      if (n > 0) {
        session.feed(
            Arrays.copyOf(fresh, n),
            (i, l, from, s, stateFrom) -> {
              int token = b * tokens + at[i];
              l.get(from, logits, token * c.vocab(), c.vocab());
              System.arraycopy(s, stateFrom, states, token * c.dim(), c.dim());
            });
      }
      if (cached) {
        copyPast(b);
        cache(b, count, at, n);
      }
    }

    /** Keys and values that were there, in the place they have among more positions. */
    private void copyPast(int b) {
      int d = c.headDim();
      for (int a = 0; a < after.length; a++) {
        for (int h = b * c.kvHeads(); past > 0 && h < (b + 1) * c.kvHeads(); h++) {
          System.arraycopy(before[a], h * past * d, after[a], h * (past + tokens) * d, past * d);
        }
      }
    }

    private void cache(int b, int first, int[] at, int n) {
      float[] both = new float[2 * c.kvDim()];
      int d = c.headDim();
      for (int l = 0; l < c.layers(); l++) {
        for (int i = 0; i < n; i++) {
          session.cached(l, first + i, both);
          for (int h = 0; h < c.kvHeads(); h++) {
            int to = ((b * c.kvHeads() + h) * (past + tokens) + past + at[i]) * d;
            System.arraycopy(both, h * d, after[2 * l], to, d);
            System.arraycopy(both, c.kvDim() + h * d, after[2 * l + 1], to, d);
          }
        }
      }
    }

    private void read(float[][] from, int length, int layer, int b, int position, float[] both) {
      int d = c.headDim();
      for (int h = 0; h < c.kvHeads(); h++) {
        int at = ((b * c.kvHeads() + h) * length + position) * d;
        System.arraycopy(from[2 * layer], at, both, h * d, d);
        System.arraycopy(from[2 * layer + 1], at, both, c.kvDim() + h * d, d);
      }
    }
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {inputs[0].add(config.vocab())};
  }

  /** Lets go of the sessions. */
  @Override
  public void close() {
    idle.clear();
  }
}
