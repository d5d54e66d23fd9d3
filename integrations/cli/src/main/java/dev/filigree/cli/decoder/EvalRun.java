package dev.filigree.cli.decoder;

import dev.filigree.decoder.evaluate.DenseComparison;
import dev.filigree.decoder.evaluate.Loss;
import dev.filigree.decoder.evaluate.Overlap;
import dev.filigree.decoder.load.PackedModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.DecoderSession;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.decoder.store.SequenceDigests;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.file.IoReason;
import dev.filigree.file.WindowDigests;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.samples.digits.Progress;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Evaluates a model.
 *
 * @param spec the model
 * @param ids sequences, or null
 * @param text a text file, or null
 * @param tokenizer for the text
 * @param window ids of a window of the text, or null for the context, at most 2048
 * @param scope in which phase activations are skipped
 * @param keepFirst positions that skip nothing
 * @param allowOverlap whether sequences may be in both calibration and evaluation data
 * @param compareDense whether predictions are compared with those of the dense model, however large
 *     it is
 */
public record EvalRun(
    DecoderSpec spec,
    Path ids,
    Path text,
    Path tokenizer,
    Integer window,
    SessionSettings.Scope scope,
    int keepFirst,
    boolean allowOverlap,
    boolean compareDense) {
  /**
   * Below this many float32 bytes a model is compared with its dense self without being asked to.
   */
  private static final long CHEAP = 256L << 20;

  private static final int MOST_WINDOW = 2048;
  private static final int DECODED = 64;

  /** Nanoseconds: decoding that took longer needs no repetition. */
  private static final long BRIEF = 1_000_000_000L;

  private static final long WARM_UP = 300_000_000L;
  private static final long MEASURED = 200_000_000L;

  /**
   * Does it.
   *
   * @throws FiligreeException for what the files hold
   */
  public EvalResult run(Progress progress) {
    DecoderWeights untouched = spec.open();
    Data data = data(untouched);
    try (PreparedDecoder model = spec.prepare(untouched, progress)) {
      Point point = measure(model, data.sequences(), progress);
      Long peak = Memory.peakResidentBytes();
      return EvalResult.of(
          spec, model, point, data, peak, compare(untouched, model, data.sequences(), progress));
    }
  }

  /**
   * What is evaluated on.
   *
   * @param overlap with the calibration data, null where there are none
   * @param windows how a text was cut, null for ids
   */
  record Data(List<int[]> sequences, Double overlap, EvalResult.Windows windows) {}

  /** Refuses a method that needs a prompt where there is none. */
  void requirePrompt(SparsitySpec.Activation setting) {
    SessionSettings.requirePrompt(setting.method(), scope, keepFirst);
  }

  /** Reads and checks it. */
  Data data(DecoderWeights untouched) {
    if ((ids == null) == (text == null)) {
      throw new FiligreeException(Message.FIL_0722);
    }
    spec.activation().ifPresent(this::requirePrompt);
    DecoderConfig config = untouched.config();
    int width = window == null ? Math.min(config.context(), MOST_WINDOW) : window;
    if (text != null && (width < 2 || width > config.context())) {
      throw new FiligreeException(
          Message.FIL_0604, "--window", width, "2 to " + config.context() + ", the context");
    }
    List<int[]> sequences = ids != null ? IdsFile.read(ids) : windows(config, width);
    if (!allowOverlap) {
      Overlap.refuseCommon(spec.calibration(), sequences);
      if (untouched instanceof PackedModel packed) {
        SequenceDigests.refuseCommon(packed, sequences);
      }
    }
    return new Data(
        sequences,
        overlap(untouched, sequences),
        text == null ? null : new EvalResult.Windows(width, sequences.size(), config.bos()));
  }

  /** With the data given now and those a packed directory was calibrated on. */
  private Double overlap(DecoderWeights untouched, List<int[]> sequences) {
    WindowDigests known = WindowDigests.of(spec.calibration());
    Optional<WindowDigests> before =
        untouched instanceof PackedModel packed
            ? SequenceDigests.windows(packed)
            : Optional.empty();
    before.ifPresent(known::add);
    return spec.calibration().isEmpty() && before.isEmpty() ? null : known.shareOf(sequences);
  }

  /** Loss and speed of one setting. */
  record Point(Loss loss, Decoding decoding) {}

  /** Measures one setting. */
  Point measure(PreparedDecoder model, List<int[]> sequences, Progress progress) {
    SessionSettings settings = settings(model);
    Loss loss =
        Loss.measure(
            model.packed(),
            sequences,
            settings,
            (done, total) -> progress.at("Evaluating sequences", done, total));
    return new Point(loss, decode(model, sequences.get(0), settings));
  }

  private SessionSettings settings(PreparedDecoder model) {
    return new SessionSettings(1, model.activation(), scope, keepFirst);
  }

  /** Compares with the model as it is stored, in float32; null where nobody wants it. */
  private DenseComparison compare(
      DecoderWeights untouched, PreparedDecoder model, List<int[]> sequences, Progress progress) {
    DecoderConfig c = untouched.config();
    boolean changed =
        model.activation().method() != ActivationSetting.Method.NONE
            || model.weightSparsity() > 0
            || model.packed().values() != ValueType.F32;
    long bytes = 4 * (c.projectionWeights() + 2L * c.vocab() * c.dim());
    if (!compareDense && (!changed || bytes > CHEAP)) {
      return null;
    }
    try (PackedDecoder dense = PackedDecoder.pack(untouched, PackSettings.DENSE)) {
      return compare(dense, model, sequences, progress);
    }
  }

  /** Compares with a dense model. */
  DenseComparison compare(
      PackedDecoder dense, PreparedDecoder model, List<int[]> sequences, Progress progress) {
    return DenseComparison.measure(
        dense,
        model.packed(),
        sequences,
        settings(model),
        (done, total) -> progress.at("Comparing with dense", done, total));
  }

  private List<int[]> windows(DecoderConfig config, int width) {
    if (tokenizer == null) {
      throw new FiligreeException(Message.FIL_0723, "--text");
    }
    String content;
    try {
      content = Files.readString(text);
    } catch (CharacterCodingException e) {
      throw new FiligreeException(e, Message.FIL_0864, text);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, text, IoReason.of(e));
    }
    int[] all;
    try (Tokenizer t = Tokenizer.open(tokenizer, config.vocab())) {
      all = t.encode(content).stream().mapToInt(Integer::intValue).toArray();
    }
    boolean bos = config.bos() >= 0;
    int fresh = bos ? width - 1 : width;
    List<int[]> out = new ArrayList<>();
    for (int from = 0; from + fresh <= all.length; from += fresh) {
      int[] one = new int[width];
      if (bos) {
        one[0] = config.bos();
      }
      System.arraycopy(all, from, one, width - fresh, fresh);
      out.add(one);
    }
    if (out.isEmpty()) {
      throw new FiligreeException(Message.FIL_0724, text, all.length, fresh);
    }
    return out;
  }

  /**
   * How fast tokens are decoded one at a time, behind the positions that skip nothing.
   *
   * @param tokensPerSecond NaN where the sequence is too short
   * @param bytes weights read
   */
  record Decoding(double tokensPerSecond, WeightBytes bytes) {}

  private static Decoding decode(PreparedDecoder model, int[] ids, SessionSettings settings) {
    int prompt = Math.min(ids.length - 1, settings.keepFirst());
    int n = Math.min(ids.length - 1, prompt + DECODED);
    DecoderSession session = model.packed().newSession(settings.withCapacity(n));
    feedPrompt(session, ids, prompt);
    int warm = prompt + (n - prompt) / 4;
    for (int i = prompt; i < warm; i++) {
      session.feed(ids[i]);
    }
    session.resetCounts();
    long start = System.nanoTime();
    for (int id : Arrays.copyOfRange(ids, warm, n)) {
      session.feed(id);
    }
    long nanos = System.nanoTime() - start;
    WeightBytes bytes =
        new WeightBytes(
            model.packed().denseBytesPerToken(),
            model.packed().realisedBytesPerToken(session.counts(), settings.activation()));
    if (n == prompt) {
      return new Decoding(Double.NaN, bytes);
    }
    double perSecond = nanos < BRIEF ? steady(session, ids, prompt, n) : (n - warm) * 1e9 / nanos;
    return new Decoding(perSecond, bytes);
  }

  /** The positions that skip nothing, at once. */
  private static void feedPrompt(DecoderSession session, int[] ids, int prompt) {
    if (prompt > 0) {
      session.feed(Arrays.copyOf(ids, prompt));
    }
  }

  /**
   * Tokens per second of a small model: the JVM is still compiling when it is through the sequence,
   * so that goes round for a while, and the median of the rounds after that counts.
   */
  private static double steady(DecoderSession session, int[] ids, int prompt, int n) {
    long begin = System.nanoTime();
    List<Double> rounds = new ArrayList<>();
    while (rounds.isEmpty() || System.nanoTime() - begin < WARM_UP + MEASURED) {
      session.reset();
      feedPrompt(session, ids, prompt);
      long start = System.nanoTime();
      for (int i = prompt; i < n; i++) {
        session.feed(ids[i]);
      }
      if (start - begin >= WARM_UP) {
        rounds.add((n - prompt) * 1e9 / (System.nanoTime() - start));
      }
    }
    Collections.sort(rounds);
    return rounds.get(rounds.size() / 2);
  }
}
