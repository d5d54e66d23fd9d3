package dev.filigree.djl.serve;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.calibrate.ChannelThresholds;
import dev.filigree.calibrate.MagnitudeThreshold;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.bind.ServingOperator;
import dev.filigree.plan.ActivationPlan;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.ReluPlan;
import dev.filigree.plan.SparsityCount;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts activation rules on layers: WINA, TOP_K, COREINFER and RELU at once, TEAL, TEAL_GREEDY,
 * WINA_THRESHOLD, R_SPARSE, CATS and CHESS after calibration.
 */
public final class Activations {

  private Activations() {}

  /**
   * Puts the rules that need no calibration on layers that have none, with column norms of the
   * weights as they are.
   */
  public static void prepare(List<Bindings.Layer> layers) {
    for (Bindings.Layer layer : layers) {
      Binding binding = layer.binding();
      ActivationPlan plan = binding.plan().flatMap(p -> p.activation()).orElse(null);
      if (plan != null && plan.method() == ActivationMethod.RELU) {
        prepareRelu(binding, plan.relu());
      } else if (plan != null && plan.method() == ActivationMethod.COREINFER) {
        preparePrompts(binding, plan.sparsity());
      } else if (plan != null
          && binding.isPackable()
          && isReady(binding)
          && packedOf(binding.serving()) == null
          && !FusedServing.decides(binding)) {
        NDArray weight = binding.weights().get(0).getArray();
        int cols = Math.toIntExact(weight.getShape().get(1));
        int remove = Math.toIntExact(SparsityCount.floor(cols, plan.sparsity()));
        if (plan.method() == ActivationMethod.TOP_K && binding.serving() == null) {
          binding.setServing(new LayerServing(null, ActivationRule.topK(remove), null));
        } else if (plan.method() == ActivationMethod.WINA) {
          binding.setServing(
              new LayerServing(null, ActivationRule.wina(columnNorms(weight), remove), null));
        }
      }
    }
  }

  /** Hidden units that are zero are known when the gate is; up has nothing to say. */
  private static void prepareRelu(Binding binding, ReluPlan plan) {
    if (!binding.isPackable()
        || FusedServing.decides(binding)
        || (binding.serving() instanceof LayerServing s && s.rule() != null)) {
      return;
    }
    PackedWeights packed = packedOf(binding.serving());
    if (binding.role() == Binding.Role.GATE) {
      ActivationRule rule = ActivationRule.relu((float) plan.threshold());
      binding.setServing(new LayerServing(packed, null, rule));
    } else if (binding.role() == Binding.Role.DOWN) {
      binding.setServing(new LayerServing(packed, ActivationRule.above(0f), null));
    }
  }

  /** Down's inputs say what the hidden units of a prompt are, and are what is skipped after it. */
  private static void preparePrompts(Binding binding, double sparsity) {
    if (binding.isPackable()
        && binding.role() == Binding.Role.DOWN
        && !(binding.serving() instanceof LayerServing s && s.rule() != null)) {
      PromptRule rule = new PromptRule(binding.path(), sparsity);
      binding.setServing(new LayerServing(packedOf(binding.serving()), rule, null));
    }
  }

  /** Forgets what blocks under COREINFER know of prompts on this thread. */
  public static void newSequence(Block block) {
    Binding binding = Bindings.get(block);
    if (binding != null
        && binding.serving() instanceof LayerServing s
        && s.rule() instanceof PromptRule rule) {
      rule.forget();
    }
    block.getChildren().values().forEach(Activations::newSequence);
  }

  /** Whether it is a part of a block that skips hidden units as a prompt says. */
  public static boolean followsPrompt(Binding b) {
    return b.role() != Binding.Role.ALONE
        && b.plan()
            .flatMap(p -> p.activation())
            .filter(a -> a.method() == ActivationMethod.COREINFER)
            .isPresent();
  }

  private static boolean isReady(Binding binding) {
    Parameter w = binding.weights().get(0);
    return w.isInitialized() && Arrays32.isUsable(w.getArray());
  }

  private static PackedWeights packedOf(ServingOperator serving) {
    return serving instanceof LayerServing s ? s.packed() : null;
  }

  /** ||W[:,i]||_2 of a weight [outputs, inputs], in double. */
  static double[] columnNorms(NDArray weight) {
    int rows = Math.toIntExact(weight.getShape().get(0));
    int cols = Math.toIntExact(weight.getShape().get(1));
    FloatBuffer w = Arrays32.buffer(weight).asFloatBuffer();
    double[] sums = new double[cols];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < cols; c++) {
        double v = w.get(r * cols + c);
        sums[c] += v * v;
      }
    }
    for (int c = 0; c < cols; c++) {
      sums[c] = Math.sqrt(sums[c]);
    }
    return sums;
  }

  /**
   * Runs inputs through a model with dense activations and sets the thresholds of TEAL,
   * TEAL_GREEDY, WINA_THRESHOLD, R_SPARSE, CATS and CHESS from what their layers see. CHESS takes
   * the inputs twice.
   *
   * @throws FiligreeException FIL-0214 without inputs, FIL-0208 where DJL is not woven, FIL-0877
   *     for a block that does not compute what TEAL_GREEDY searches with
   */
  public static void calibrate(Model model, Iterable<NDList> inputs) {
    Block root = model.getBlock();
    Bindings.Result bound = Bindings.bind(root);
    List<Bindings.Layer> layers = bound.orThrow();
    if (!Dispatch.isWoven()) {
      throw new FiligreeException(Message.FIL_0208, 1);
    }
    Pass pass = new Pass(bound.blocks());
    int count = 0;
    try (NDManager held = model.getNDManager().newSubManager()) {
      // CHESS weighs gates by what up did over all inputs, so it needs them twice.
      boolean twice = layers.stream().anyMatch(l -> isChess(l.binding()));
      List<NDList> again = new ArrayList<>();
      Energies energies = new Energies();
      for (NDList input : inputs) {
        try (NDManager manager = model.getNDManager().newSubManager()) {
          // What layers compute goes where their inputs belong, and is to go with this pass.
          input.attach(manager);
          forward(root, input, manager, twice ? energies : pass);
          if (twice) {
            input.attach(held);
            again.add(input);
          }
        }
        count++;
      }
      if (twice) {
        pass.factors.putAll(energies.byGate(layers));
        for (NDList input : again) {
          try (NDManager manager = held.newSubManager()) {
            input.attach(manager);
            forward(root, input, manager, pass);
          }
        }
      }
    }
    if (count == 0) {
      throw new FiligreeException(Message.FIL_0214);
    }
    boolean wanted = layers.stream().anyMatch(l -> needsCalibration(l.binding()));
    if (wanted && pass.isEmpty()) {
      throw new FiligreeException(
          Message.FIL_0208, layers.stream().filter(l -> needsCalibration(l.binding())).count());
    }
    Map<Binding, Float> greedy = pass.greedy.thresholds(bound, pass.seen);
    Map<Binding, RemainderRule> remainders = pass.remainders.rules();
    prepare(layers);
    layers.forEach(l -> assign(l.binding(), pass, greedy));
    remainders.forEach((b, rule) -> skip(b, rule, pass));
    pass.weighed.rules().forEach((b, rule) -> skip(b, rule, pass));
  }

  private static void skip(Binding b, ActivationRule rule, Pass pass) {
    b.setServing(new LayerServing(packedOf(b.serving()), rule, null, pass.sample(b)));
  }

  private static void forward(
      Block root, NDList input, NDManager manager, Dispatch.Observer observer) {
    ParameterStore store = new ParameterStore(manager, false);
    Dispatch.observing(
        observer,
        () -> {
          NDList outputs = root.forward(store, input, false);
          outputs.attach(manager); // closed with it
        });
  }

  /** Drops the remainders whose weights have changed since they were made. */
  public static void dropStale(List<Bindings.Layer> layers) {
    for (Bindings.Layer l : layers) {
      if (l.binding().serving() instanceof LayerServing s) {
        s.verifyRule(l.binding());
      }
    }
  }

  private static boolean isChess(Binding b) {
    return b.plan()
        .flatMap(p -> p.activation())
        .filter(a -> a.method() == ActivationMethod.CHESS)
        .isPresent();
  }

  /** Layers that skip nothing because their threshold is not known yet. */
  public static List<Binding> uncalibrated(List<Bindings.Layer> layers) {
    return layers.stream()
        .map(Bindings.Layer::binding)
        .filter(Activations::isUncalibrated)
        .toList();
  }

  /** Whether a layer skips nothing because its threshold is not known yet. */
  public static boolean isUncalibrated(Binding b) {
    return needsCalibration(b) && !(b.serving() instanceof LayerServing s && s.rule() != null);
  }

  private static boolean needsCalibration(Binding b) {
    ActivationMethod method =
        b.plan().flatMap(p -> p.activation()).map(ActivationPlan::method).orElse(null);
    boolean gate = b.decidesUnits() && method != ActivationMethod.RELU;
    return method == ActivationMethod.TEAL
        || method == ActivationMethod.TEAL_GREEDY
        || WeighedInputs.isFor(b)
        || Remainders.isFor(b)
        || gate;
  }

  private static void assign(Binding binding, Pass pass, Map<Binding, Float> greedy) {
    ChannelThresholds units = pass.units.get(binding);
    if (units != null) {
      double sparsity = binding.plan().orElseThrow().activation().orElseThrow().sparsity();
      ActivationRule own = ActivationRule.above(units.thresholds(sparsity));
      binding.setServing(new LayerServing(packedOf(binding.serving()), null, own));
      return;
    }
    MagnitudeThreshold seen = pass.seen.get(binding);
    PackedWeights packed = packedOf(binding.serving());
    if (GreedyBlocks.isGreedy(binding)) {
      if (greedy.containsKey(binding)) {
        ActivationRule own = ActivationRule.above(greedy.get(binding));
        binding.setServing(new LayerServing(packed, own, null, pass.sample(binding)));
      }
    } else if (seen != null) {
      double sparsity = binding.plan().orElseThrow().activation().orElseThrow().sparsity();
      ActivationRule rule = ActivationRule.above(seen.threshold(sparsity));
      boolean gate = binding.decidesUnits();
      binding.setServing(
          new LayerServing(
              packed,
              gate ? null : rule,
              gate ? rule : null,
              gate ? new float[0] : pass.sample(binding)));
    } else if (binding.skipsUnits() && binding.role() == Binding.Role.DOWN) {
      binding.setServing(new LayerServing(packed, ActivationRule.above(0f), null));
    }
  }

  /**
   * Collects magnitudes: inputs of layers under TEAL, TEAL_GREEDY, WINA_THRESHOLD and R_SPARSE,
   * SiLU of the outputs of gates.
   */
  private static final class Pass implements Dispatch.Observer {
    private static final int SAMPLE_VALUES = 1 << 16;
    private final Map<Binding, MagnitudeThreshold> seen = new LinkedHashMap<>();
    private final Map<Binding, ChannelThresholds> units = new LinkedHashMap<>();
    // Of gates under CHESS.
    private final Map<Binding, double[]> factors = new IdentityHashMap<>();
    private final Map<Binding, float[]> samples = new LinkedHashMap<>();
    private final GreedyBlocks greedy = new GreedyBlocks();
    private final Remainders remainders = new Remainders();
    private final WeighedInputs weighed;

    Pass(List<Bindings.Layer> blocks) {
      weighed = new WeighedInputs(blocks);
    }

    /** Whether it saw nothing of what it is for. */
    private boolean isEmpty() {
      return seen.isEmpty() && units.isEmpty() && remainders.isEmpty() && weighed.isEmpty();
    }

    /** The first whole rows a layer saw, up to a small number of values. */
    private float[] sample(Binding binding) {
      return samples.getOrDefault(binding, new float[0]);
    }

    private static float[] firstRows(NDArray x) {
      int cols = Math.toIntExact(x.getShape().get(x.getShape().dimension() - 1));
      int rows = Math.toIntExact(Math.min(x.size() / cols, Math.max(1, SAMPLE_VALUES / cols)));
      float[] out = new float[rows * cols];
      Arrays32.buffer(x).asFloatBuffer().get(out);
      return out;
    }

    @Override
    public NDList observe(Block block, Binding binding, ParameterStore store, NDList inputs) {
      boolean ofBlock = GreedyBlocks.sees(binding);
      if (!(needsCalibration(binding) || ofBlock) || !Arrays32.isUsable(inputs.head())) {
        return null;
      }
      if (ofBlock) {
        greedy.observe(binding, inputs.head());
      }
      if (!needsCalibration(binding)) {
        return null;
      }
      if (Remainders.isFor(binding) || WeighedInputs.isFor(binding)) {
        if (Remainders.isFor(binding)) {
          remainders.observe(binding, inputs.head());
        } else {
          weighed.observe(binding, inputs.head());
        }
        samples.computeIfAbsent(binding, b -> firstRows(inputs.head()));
        return null;
      }
      if (!binding.decidesUnits()) {
        MagnitudeThreshold values =
            seen.computeIfAbsent(binding, b -> new MagnitudeThreshold(b.path()));
        values.add(Arrays32.buffer(inputs.head()).asFloatBuffer());
        samples.computeIfAbsent(binding, b -> firstRows(inputs.head()));
        return null;
      }
      NDList out = Dispatch.bypassed(() -> block.forward(store, inputs, false));
      FloatBuffer g = Arrays32.buffer(out.head()).asFloatBuffer();
      FloatBuffer silu = FloatBuffer.allocate(g.remaining());
      for (int i = 0; i < silu.capacity(); i++) {
        silu.put(i, LayerServing.silu(g.get(i)));
      }
      double[] energies = factors.get(binding);
      if (energies != null) {
        units.computeIfAbsent(binding, b -> new ChannelThresholds(b.path(), energies)).add(silu);
      } else {
        seen.computeIfAbsent(binding, b -> new MagnitudeThreshold(b.path())).add(silu);
      }
      return out;
    }
  }

  /** The sum of u_i^2 of every up projection under CHESS. */
  private static final class Energies implements Dispatch.Observer {
    private final Map<Binding, double[]> sums = new IdentityHashMap<>();

    @Override
    public NDList observe(Block block, Binding binding, ParameterStore store, NDList inputs) {
      if (binding.role() != Binding.Role.UP
          || !isChess(binding)
          || !Arrays32.isUsable(inputs.head())) {
        return null;
      }
      NDList out = Dispatch.bypassed(() -> block.forward(store, inputs, false));
      FloatBuffer u = Arrays32.buffer(out.head()).asFloatBuffer();
      int units = Math.toIntExact(out.head().getShape().getLastDimension());
      double[] sum = sums.computeIfAbsent(binding, b -> new double[units]);
      for (int i = 0; i < u.remaining(); i++) {
        double v = u.get(i);
        sum[i % units] += v * v;
      }
      return out;
    }

    /** By gate; gate, up and down of a block come from one declaration. */
    Map<Binding, double[]> byGate(List<Bindings.Layer> layers) {
      Map<Binding, double[]> out = new IdentityHashMap<>();
      layers.stream()
          .map(Bindings.Layer::binding)
          .filter(b -> b.role() == Binding.Role.GATE && isChess(b))
          .forEach(
              gate ->
                  sums.forEach(
                      (up, sum) -> {
                        if (up.group() == gate.group()) {
                          out.put(gate, sum);
                        }
                      }));
      return out;
    }
  }
}
