package dev.filigree.djl;

import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.RemainderRule;
import dev.filigree.djl.serve.WeightForm;
import dev.filigree.djl.torch.TorchDense;
import dev.filigree.gate.BreakEven;
import dev.filigree.gate.Contender;
import dev.filigree.gate.Copies;
import dev.filigree.gate.Gate;
import dev.filigree.gate.LayoutChoice;
import dev.filigree.gate.Memory;
import dev.filigree.gate.Ratio;
import dev.filigree.gate.Timing;
import dev.filigree.gate.Verdict;
import dev.filigree.gate.VerdictCache;
import dev.filigree.gate.VerdictKey;
import dev.filigree.plan.LayerPlan;
import dev.filigree.plan.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides for one layer at a time what serves it, by measurement.
 *
 * <p>A layer of a model meets its own weights again only after all the others have been read. So
 * each side rotates over as many copies as fill the bytes of the whole model, 256 MiB at most.
 */
final class LayerGate implements AutoCloseable {
  /** DJL's layer, among the names of forms. */
  static final String DJL = "djl";

  private static final Logger LOG = LoggerFactory.getLogger(LayerGate.class);
  private static final String OWN_DENSE = "dense";
  private static final Duration SCREENING = Duration.ofMillis(300);
  private static final Duration CONFIRMING = Duration.ofMillis(300);

  /** More than the last-level caches of two-socket machines per core; more changes nothing. */
  private static final long WORKING_SET = 1L << 28;

  private static final int MOST_COPIES = 4096;
  private static final int INPUTS = 8;

  private final Model model;
  private final List<Integer> batches;
  private final boolean several;
  private final PackOptions.Precision precision;
  private final long modelBytes;
  private final VerdictCache cache;

  private LayerGate(Model model, PackOptions options, long modelBytes, VerdictCache cache) {
    this.model = model;
    this.batches = options.batchSizes();
    this.several = options.memory() == PackOptions.Memory.SPEED;
    this.precision = options.precision();
    this.modelBytes = modelBytes;
    this.cache = cache;
  }

  static LayerGate of(Model model, List<Bindings.Layer> layers, PackOptions options) {
    long bytes = 0;
    for (Bindings.Layer layer : layers) {
      for (Parameter p : layer.binding().weights()) {
        bytes += p.isInitialized() ? 4 * p.getArray().size() : 0;
      }
    }
    boolean remembers =
        options.mode() == PackOptions.Mode.AUTO && options.cache() == PackOptions.Cache.ON;
    return new LayerGate(
        model, options, bytes, remembers ? VerdictCache.open() : VerdictCache.none());
  }

  /**
   * Measures the forms, or takes what was measured before.
   *
   * @param before the layer's rules, without packed weights
   * @param chosen takes the name of a form, or {@link #DJL}, for every batch size
   */
  List<LayerSummary.Verdict> decide(
      Binding b,
      LayerServing before,
      Forms forms,
      List<String> candidates,
      Map<Integer, String> chosen) {
    double sparsity = forms.sparsity();
    String key = key(b, before, forms, sparsity);
    Optional<List<Verdict>> known = cache.get(key).filter(v -> fits(v, candidates));
    List<Verdict> verdicts = known.orElseGet(() -> measure(b, before, forms, candidates, sparsity));
    if (known.isEmpty()) {
      cache.put(key, verdicts);
    }
    verdicts.forEach(v -> chosen.put(v.batch(), v.chosen()));
    return verdicts.stream().map(LayerGate::summary).toList();
  }

  private boolean fits(List<Verdict> verdicts, List<String> candidates) {
    return verdicts.stream().map(Verdict::batch).toList().equals(batches)
        && verdicts.stream()
            .allMatch(v -> v.chosen().equals(DJL) || candidates.contains(v.chosen()));
  }

  private String key(Binding b, LayerServing before, Forms forms, double sparsity) {
    double skipped = b.plan().flatMap(LayerPlan::activation).map(a -> a.sparsity()).orElse(0.0);
    String layer =
        String.format(
            "%d x %d, %s, %s, %s, %s dense, model of %d MiB%s",
            forms.rows(),
            forms.cols(),
            b.plan().flatMap(LayerPlan::weight).map(w -> w.pattern().toString()).orElse("dense"),
            precision.name().toLowerCase(Locale.ROOT),
            several ? "several forms" : "one form",
            // What everything is measured against.
            model.getNDManager().getEngine().getEngineName(),
            Math.min(WORKING_SET, Long.highestOneBit(Math.max(1, modelBytes))) >> 20,
            before.rule() instanceof RemainderRule r
                ? ", " + r.remainder().kept() + " inputs and rank " + r.remainder().rank()
                : "");
    return VerdictKey.of(layer, 1 - sparsity, skipped, batches);
  }

  private List<Verdict> measure(
      Binding b, LayerServing before, Forms forms, List<String> candidates, double sparsity) {
    List<WeightForm> made = new ArrayList<>();
    try (NDManager manager = model.getNDManager().newSubManager()) {
      int copies = copies(forms, candidates.size());
      Map<String, List<LayerServing>> trials = new LinkedHashMap<>();
      for (String form : candidates) {
        List<WeightForm> all = trial(b, forms, form, copies, made);
        if (!all.isEmpty()) {
          trials.put(
              form, all.stream().map(m -> before.with(forms.weights(b, Map.of(1, m)))).toList());
        }
      }
      Layer layer =
          new Layer(b, before, forms, manager, djlWeights(manager, forms, copies), trials);
      Map<Integer, Map<String, Double>> micros = new LinkedHashMap<>();
      for (int batch : batches) {
        micros.put(batch, Gate.screen(layer.contenders(batch), SCREENING));
      }
      Map<Integer, String> best = LayoutChoice.choose(micros, DJL, several);
      List<Verdict> verdicts = new ArrayList<>();
      for (int batch : batches) {
        verdicts.add(layer.confirm(batch, best, micros.get(batch), sparsity));
      }
      return verdicts;
    } finally {
      made.forEach(WeightForm::close);
    }
  }

  /**
   * A form and copies of it; nothing where libtorch has no such product here.
   *
   * @param made takes what is to be closed after the measurement
   */
  private static List<WeightForm> trial(
      Binding b, Forms forms, String form, int copies, List<WeightForm> made) {
    List<WeightForm> all = new ArrayList<>();
    if (form.equals(TorchDense.NAME)) {
      try {
        // One module that takes its copies in turn: thousands of modules would take seconds to
        // make.
        all.add(new WeightForm.Torch(forms.torch(copies)));
        made.addAll(all);
      } catch (EngineException e) {
        LOG.warn(Message.FIL_0866.text(b.path(), Forms.firstLine(e)));
      }
      return all;
    }
    WeightForm first = forms.get(form);
    Copies.of(((WeightForm.Packed) first).matrix(), copies)
        .forEach(matrix -> all.add(new WeightForm.Packed(matrix)));
    made.addAll(all.subList(1, all.size()));
    return all;
  }

  /** As many as fill the bytes of the model, in a quarter of the memory that is left. */
  private int copies(Forms forms, int sides) {
    long left = Math.min(Memory.direct(), Memory.machine()) / 4;
    long bytes = Math.min(Math.min(WORKING_SET, modelBytes), left / (sides + 2));
    return (int) Math.max(1, Math.min(MOST_COPIES, bytes / Math.max(1, forms.denseBytes())));
  }

  private static List<NDArray> djlWeights(NDManager manager, Forms forms, int copies) {
    List<NDArray> out = new ArrayList<>(List.of(forms.weight()));
    while (out.size() < copies) {
      NDArray copy = forms.weight().duplicate();
      copy.attach(manager);
      out.add(copy);
    }
    return out;
  }

  /** A form as summaries name it: dense is DJL's, our own dense says so. */
  static LayerSummary.Verdict summary(Verdict v) {
    return new LayerSummary.Verdict(
        v.batch(),
        label(v.chosen()),
        v.ratio().median(),
        v.ratio().p10(),
        v.ratio().p90(),
        v.denseMicros(),
        v.packedMicros(),
        v.breakEven(),
        labelled(v.measuredMicros()));
  }

  private static Map<String, Double> labelled(Map<String, Double> micros) {
    Map<String, Double> out = new LinkedHashMap<>();
    micros.forEach((form, time) -> out.put(label(form), time));
    return out;
  }

  private static String label(String form) {
    return form.equals(DJL)
        ? "dense"
        : isOwnDense(form) ? form.replaceFirst(OWN_DENSE, "dense-java") : form;
  }

  /** Whether a form reads all weights and inputs: our own dense, libtorch's. */
  private static boolean isDense(String form) {
    return isOwnDense(form) || form.equals(TorchDense.NAME);
  }

  /** Whether a form is our own dense, with whatever values. */
  private static boolean isOwnDense(String form) {
    return form.equals(Forms.name(OWN_DENSE, Forms.type(form)));
  }

  @Override
  public void close() {
    cache.save();
  }

  /** One layer with everything that is timed. */
  private record Layer(
      Binding binding,
      LayerServing before,
      Forms forms,
      NDManager manager,
      List<NDArray> djl,
      Map<String, List<LayerServing>> trials) {

    List<Contender> contenders(int batch) {
      List<NDList> inputs = inputs(batch);
      List<Contender> out = new ArrayList<>(List.of(djl(inputs)));
      trials.keySet().forEach(form -> out.add(packed(form, inputs)));
      return out;
    }

    private Contender djl(List<NDList> inputs) {
      NDArray bias = forms.bias();
      int[] next = {0};
      return new Contender(
          DJL,
          false,
          () -> {
            int call = next[0]++;
            NDArray x = inputs.get(call % inputs.size()).head();
            Linear.linear(x, djl.get(call % djl.size()), bias).close();
          });
    }

    private Contender packed(String form, List<NDList> inputs) {
      List<LayerServing> copies = trials.get(form);
      ParameterStore store = new ParameterStore(manager, false);
      int[] next = {0};
      return new Contender(
          form,
          !isDense(form),
          () -> {
            int call = next[0]++;
            NDList x = inputs.get(call % inputs.size());
            // Every trial has its weights; only a layer without any would need the block.
            copies.get(call % copies.size()).answer(null, binding, store, x).close();
          });
    }

    /** Rows seen in calibration, from another place on in each input, or normal numbers. */
    private List<NDList> inputs(int batch) {
      float[] sample = before.sampleInput();
      Shape shape = new Shape(batch, forms.cols());
      List<NDList> out = new ArrayList<>();
      for (int i = 0; i < INPUTS; i++) {
        if (sample.length == 0) {
          out.add(new NDList(manager.randomNormal(shape)));
          continue;
        }
        float[] values = new float[Math.multiplyExact(batch, forms.cols())];
        for (int k = 0; k < values.length; k++) {
          values[k] = sample[(int) ((k + (long) i * batch * forms.cols()) % sample.length)];
        }
        out.add(new NDList(manager.create(values, shape)));
      }
      return out;
    }

    /**
     * Measures the form that would serve the batch again, against DJL's layer, which answers
     * otherwise. Where none would, the best one is measured all the same, so that the report says
     * how far it is from paying.
     */
    Verdict confirm(
        int batch, Map<Integer, String> best, Map<String, Double> micros, double sparsity) {
      String form = best.get(batch);
      boolean candidate = !form.equals(DJL);
      if (!candidate) {
        form = fastestSparse(micros);
      }
      List<NDList> inputs = inputs(batch);
      Timing timing = Gate.confirm(djl(inputs), packed(form, inputs), CONFIRMING);
      Ratio ratio = timing.ratio(0, 1);
      boolean weights = sparsity > 0 && !isDense(form);
      return new Verdict(
          batch,
          candidate && Gate.sparse(ratio) ? form : DJL,
          form,
          ratio,
          timing.medianMicros(0),
          timing.medianMicros(1),
          weights
              ? BreakEven.estimate(
                  sparsity,
                  forms.denseBytes(Forms.type(form)),
                  forms.get(form).bytes(),
                  ratio.median())
              : Double.NaN,
          micros);
    }

    private String fastestSparse(Map<String, Double> micros) {
      String best = null;
      for (Map.Entry<String, Double> e : micros.entrySet()) {
        boolean sparse = !e.getKey().equals(DJL) && !isDense(e.getKey());
        if (sparse && (best == null || e.getValue() < micros.get(best))) {
          best = e.getKey();
        }
      }
      return best;
    }
  }
}
