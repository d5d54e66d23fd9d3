package dev.filigree.decoder.serve;

import dev.filigree.calibrate.ActiveInputs;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/** One sequence of tokens: its cache and its position. For one thread. */
public final class DecoderSession {
  private final PackedDecoder model;
  private final DecoderConfig config;
  private final SessionSettings settings;
  private final List<KvCache> caches = new ArrayList<>();
  private final List<LayerRules> rules = new ArrayList<>();
  private final ActivationCounts counts;
  private final SparsityWatch watch;
  private final boolean skips;
  private final EmbeddingTable embedding;
  private final LayerForward forward;
  private final int mostRows;
  private final float[] hidden;
  private final float[] normed;
  private final ByteBuffer headIn;
  private final FloatBuffer headInFloats;
  private ByteBuffer logits;
  private FloatBuffer logitFloats;
  private int position;
  private int lastRows;

  DecoderSession(PackedDecoder model, SessionSettings settings) {
    this.model = model;
    this.config = model.config();
    this.settings = settings;
    int capacity = settings.capacity();
    if (capacity < 1 || capacity > config.context()) {
      throw new FiligreeException(Message.FIL_0713, capacity, config.context());
    }
    settings.activation().method().requireFor(config);
    mostRows = Math.min(LayerForward.MOST_ROWS, capacity);
    forward = new LayerForward(config, capacity, mostRows);
    ActivationSetting activation = settings.activation();
    counts = new ActivationCounts(config.layers());
    watch = new SparsityWatch(activation, config.layers(), settings.returnToDense(), counts);
    skips = activation.method() != ActivationSetting.Method.NONE;
    ActiveInputs chooser =
        new ActiveInputs(
            skips ? Math.max(Math.max(config.dim(), config.qDim()), config.hidden()) : 0);
    for (int l = 0; l < config.layers(); l++) {
      caches.add(new KvCache(config, capacity));
      rules.add(
          activation.skipsIn(l, config.layers())
              ? LayerRules.of(
                  config,
                  activation,
                  l,
                  model.layers().get(l).norms(),
                  model.values(),
                  chooser,
                  counts)
              : null);
    }
    embedding = new EmbeddingTable(model.embedding());
    hidden = new float[mostRows * config.dim()];
    normed = new float[mostRows * config.dim()];
    headIn = AlignedMemory.allocate(4 * normed.length);
    headInFloats = headIn.asFloatBuffer();
    logits = AlignedMemory.allocate(4 * config.vocab());
    logitFloats = logits.asFloatBuffer();
  }

  /** How many tokens were fed. */
  public int position() {
    return position;
  }

  /** Bytes of the cache. */
  public long cacheBytes() {
    return caches.stream().mapToLong(KvCache::bytes).sum();
  }

  /** What the rules kept so far. */
  public ActivationCounts counts() {
    return counts;
  }

  /** Forgets what the rules kept so far. */
  public void resetCounts() {
    watch.reset();
  }

  /**
   * Planned against realised activation sparsity of every block, since the session began or its
   * counts were reset. Java Flight Recorder has the same as events {@code
   * dev.filigree.ActivationSparsity}, one for each block and every 32 tokens or more.
   */
  public List<LayerSparsity> layerSparsity() {
    return watch.layers();
  }

  /** Whether the session skips nothing any more, see {@link SessionSettings#returnToDense}. */
  public boolean hasReturnedToDense() {
    return watch.isDense();
  }

  /** Begins a new sequence; counts stay. */
  public void reset() {
    rewind(0);
  }

  /**
   * Forgets what was fed from a position on; counts stay. A method that chose from the prompt (see
   * {@link ActivationSetting.Method#needsPrompt}) goes back to the beginning only, because what it
   * chose from cannot be taken back.
   *
   * @param to 0 to {@link #position}
   * @throws FiligreeException FIL-0884 where such a method would be left in the middle
   */
  public void rewind(int to) {
    if (to < 0 || to > position) {
      throw new IllegalArgumentException(to + " of " + position);
    }
    requireNoPrompt(to);
    position = to;
    for (LayerRules r : rules) {
      if (r != null && r.prompt() != null && to == 0) {
        r.prompt().forget();
      }
    }
  }

  private void requireNoPrompt(int to) {
    ActivationSetting.Method method = settings.activation().method();
    if (method.needsPrompt() && to > 0) {
      throw new FiligreeException(Message.FIL_0884, method.label());
    }
  }

  /** Gives what positions have in the cache. */
  @FunctionalInterface
  public interface CacheReader {
    /**
     * @param both keys [kvHeads][headDim], rotated, then values [kvHeads][headDim], to be filled
     */
    void read(int layer, int position, float[] both);
  }

  /**
   * Takes keys and values of positions that came before, instead of being fed their tokens.
   *
   * @param positions how many; they take the place of all that was fed
   * @throws FiligreeException FIL-0713 where they do not fit in, FIL-0884 for a method that chooses
   *     from a prompt
   */
  public void restore(int positions, CacheReader from) {
    if (positions > settings.capacity()) {
      throw new FiligreeException(Message.FIL_0713, positions, settings.capacity());
    }
    requireNoPrompt(positions);
    reset();
    float[] both = new float[2 * config.kvDim()];
    for (int l = 0; l < caches.size(); l++) {
      for (int p = 0; p < positions; p++) {
        from.read(l, p, both);
        caches.get(l).put(p, both, 0, config.kvDim());
      }
    }
    position = positions;
  }

  /**
   * Keys and values of a position that was fed.
   *
   * @param both as {@link CacheReader#read} has it
   */
  public void cached(int layer, int at, float[] both) {
    caches.get(layer).get(at, both, 0, config.kvDim());
  }

  /** Sees the outputs of a token. */
  @FunctionalInterface
  public interface OutputConsumer {
    /**
     * @param index of the token among those that were fed
     * @param logits of several tokens; those of this one begin at {@code at}
     * @param at an absolute index
     * @param states what the head has read, after the last norm; this token's begin at {@code
     *     stateAt}
     * @param stateAt an index
     */
    void accept(int index, FloatBuffer logits, int at, float[] states, int stateAt);
  }

  /** Sees the logits of a token. */
  @FunctionalInterface
  public interface LogitsConsumer {
    /**
     * @param index of the token among those that were fed
     * @param logits of all sessions' tokens; those of this one begin at {@code at}
     * @param at an absolute index
     */
    void accept(int index, FloatBuffer logits, int at);
  }

  /**
   * Feeds tokens and gives the logits of the last one.
   *
   * @return [vocab]; valid until the next call
   * @throws FiligreeException as {@link #feed(int[], LogitsConsumer)}
   */
  public FloatBuffer feed(int... ids) {
    check(ids);
    for (int from = 0; from < ids.length; ) {
      from += chunk(ids, from);
      if (from == ids.length) {
        head(lastRows - 1, 1);
      }
    }
    return logitFloats;
  }

  /**
   * Feeds tokens and gives the logits of every one.
   *
   * @param ids at least one
   * @throws FiligreeException FIL-0714 for an id that is none, FIL-0713 where they do not fit in
   */
  public void feed(int[] ids, LogitsConsumer consumer) {
    feed(ids, (i, l, at, states, stateAt) -> consumer.accept(i, l, at));
  }

  /**
   * Feeds tokens and gives the logits and the last hidden states of every one.
   *
   * @param ids at least one
   * @throws FiligreeException as {@link #feed(int[], LogitsConsumer)}
   */
  public void feed(int[] ids, OutputConsumer consumer) {
    check(ids);
    for (int from = 0; from < ids.length; ) {
      int rows = chunk(ids, from);
      head(0, rows);
      for (int r = 0; r < rows; r++) {
        consumer.accept(from + r, logitFloats, r * config.vocab(), normed, r * config.dim());
      }
      from += rows;
    }
  }

  private void check(int[] ids) {
    if (ids.length == 0 || position + ids.length > settings.capacity()) {
      throw new FiligreeException(Message.FIL_0713, position + ids.length, settings.capacity());
    }
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= config.vocab()) {
        throw new FiligreeException(Message.FIL_0714, ids[i], i, config.vocab() - 1);
      }
    }
  }

  /** Runs some of the tokens through all blocks; returns how many. */
  private int chunk(int[] ids, int from) {
    int rows = Math.min(mostRows, ids.length - from);
    boolean skip = settings.scope() == SessionSettings.Scope.ALL || ids.length == 1;
    if (position < settings.keepFirst()) {
      rows = Math.min(rows, settings.keepFirst() - position);
      skip = false;
    }
    skip &= skips && !watch.isDense();
    boolean byPrompt = settings.activation().method().needsPrompt();
    if (byPrompt) {
      skip &= position > 0; // before that nothing can be chosen
      prompt(!skip);
    }
    for (int r = 0; r < rows; r++) {
      embedding.read(ids[from + r], hidden, r * config.dim());
    }
    for (int l = 0; l < config.layers(); l++) {
      forward.run(
          model.layers().get(l),
          caches.get(l),
          hidden,
          rows,
          position,
          skip || byPrompt ? rules.get(l) : null,
          null);
    }
    if (skip) {
      watch.after(rows);
    }
    position += rows;
    lastRows = rows;
    return rows;
  }

  /** Tells the rules whether what is fed next is a prompt. */
  private void prompt(boolean runs) {
    for (LayerRules r : rules) {
      if (r != null && runs) {
        r.prompt().watch();
      } else if (r != null) {
        r.prompt().choose();
      }
    }
  }

  private void head(int firstRow, int rows) {
    int dim = config.dim();
    if (logitFloats.capacity() < rows * config.vocab()) {
      logits = AlignedMemory.allocate(Math.multiplyExact(4 * rows, config.vocab()));
      logitFloats = logits.asFloatBuffer();
    }
    for (int r = 0; r < rows; r++) {
      Vectors.rmsNorm(
          hidden, (firstRow + r) * dim, model.finalNorm(), config.normEpsilon(), normed, r * dim);
    }
    headInFloats.put(0, normed, 0, rows * dim);
    model.head().multiply(headIn, rows, null, logits);
  }
}
