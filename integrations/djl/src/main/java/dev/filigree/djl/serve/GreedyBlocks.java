package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.calibrate.GreedySparsities;
import dev.filigree.calibrate.MagnitudeThreshold;
import dev.filigree.calibrate.RowSample;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.block.GatedFeedForward;
import dev.filigree.kernel.Activation;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.plan.ActivationPlan;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * TEAL_GREEDY: keeps some rows of what blocks see in calibration, and searches the thresholds of
 * their layers by them. Where the search, which looks one step ahead only, ends with a larger error
 * than the same sparsity for all layers has, that is taken.
 */
final class GreedyBlocks {
  private static final int MOST_ROWS = 1024;

  /** Of inputs, or hidden units, of all rows together; bounds memory and time of large blocks. */
  private static final int MOST_VALUES = 1 << 20;

  /** Rows by which it is checked that the block computes what is searched with. */
  private static final int CHECKED_ROWS = 8;

  /** Sums in another order differ by less, another function by more. */
  private static final double TOLERANCE = 1e-3;

  /** Steps to sparsity 1: 5 % of a layer's inputs each where the three have as many weights. */
  private static final int STEPS = 60;

  /** Sums of steps round. */
  private static final double MOST = GreedySparsities.MOST + 1e-9;

  private final Map<Binding, RowSample> inputs = new IdentityHashMap<>();
  private final Map<Binding, RowSample> checked = new IdentityHashMap<>();

  /** A block with its layers; the plan of one may have been taken away, and it stays dense. */
  private record Parts(Binding gate, Binding up, Binding down) {
    List<Binding> all() {
      return List.of(gate, up, down);
    }
  }

  static boolean isGreedy(Binding b) {
    return b.plan()
        .flatMap(p -> p.activation())
        .filter(a -> a.method() == ActivationMethod.TEAL_GREEDY)
        .isPresent();
  }

  /** Whether rows of that layer's inputs are needed. */
  static boolean sees(Binding b) {
    return (b.role() == Binding.Role.GATE || b.role() == Binding.Role.DOWN)
        && !b.skipsUnits()
        && !Activations.followsPrompt(b);
  }

  /** Takes what it needs of the inputs of such a layer. */
  void observe(Binding layer, NDArray x) {
    int cols = Math.toIntExact(x.getShape().getLastDimension());
    ByteBuffer values = Arrays32.buffer(x);
    checked
        .computeIfAbsent(layer, l -> new RowSample(cols, CHECKED_ROWS))
        .add(values.asFloatBuffer());
    if (layer.role() == Binding.Role.GATE) {
      inputs
          .computeIfAbsent(layer, l -> new RowSample(cols, rows(l, cols)))
          .add(values.asFloatBuffer());
    }
  }

  private static int rows(Binding gate, int cols) {
    long hidden = gate.weights().get(0).getArray().getShape().get(0);
    return (int) Math.max(1, Math.min(MOST_ROWS, MOST_VALUES / Math.max(cols, hidden)));
  }

  /**
   * The thresholds of all layers under TEAL_GREEDY that were reached.
   *
   * @param seen magnitudes of the inputs of these layers
   * @throws FiligreeException FIL-0877 for a block that computes something else
   */
  Map<Binding, Float> thresholds(Bindings.Result model, Map<Binding, MagnitudeThreshold> seen) {
    Map<Binding, Float> out = new IdentityHashMap<>();
    for (Bindings.Layer l : model.layers()) {
      Binding gate = l.binding();
      if (gate.role() == Binding.Role.GATE && inputs.containsKey(gate)) {
        Binding up = part(model, gate, Binding.Role.UP);
        Binding down = part(model, gate, Binding.Role.DOWN);
        if (up != null && down != null && checked.containsKey(down)) {
          Parts parts = new Parts(gate, up, down);
          List<Binding> greedy = parts.all().stream().filter(GreedyBlocks::isGreedy).toList();
          if (!greedy.isEmpty() && seen.keySet().containsAll(greedy)) {
            search(parts, greedy, function(model, gate), seen, out);
          }
        }
      }
    }
    return out;
  }

  private static Binding part(Bindings.Result model, Binding gate, Binding.Role role) {
    return model.layers().stream()
        .map(Bindings.Layer::binding)
        .filter(b -> b.role() == role && b.group() == gate.group())
        .findFirst()
        .orElse(null);
  }

  private static Activation function(Bindings.Result model, Binding gate) {
    return model.blocks().stream()
        .map(Bindings.Layer::block)
        .filter(b -> b instanceof GatedFeedForward g && Bindings.get(g.gate()) == gate)
        .map(b -> ((GatedFeedForward) b).activation())
        .findFirst()
        .orElse(Activation.SILU);
  }

  private void search(
      Parts parts,
      List<Binding> greedy,
      Activation f,
      Map<Binding, MagnitudeThreshold> seen,
      Map<Binding, Float> out) {
    for (Binding b : parts.all()) {
      if (!b.isPackable() || !Arrays32.isUsable(b.weights().get(0).getArray())) {
        String what = b.path() + " is a " + b.type() + " with a forward or weights of its own";
        throw new FiligreeException(Message.FIL_0877, parts.gate().path(), what);
      }
    }
    try (PackedMatrix gate = weight(parts.gate());
        PackedMatrix up = weight(parts.up());
        PackedMatrix down = weight(parts.down())) {
      BlockOutputs.Layer g = new BlockOutputs.Layer(gate, bias(parts.gate()));
      BlockOutputs.Layer u = new BlockOutputs.Layer(up, bias(parts.up()));
      BlockOutputs.Layer d = new BlockOutputs.Layer(down, bias(parts.down()));
      check(parts, g, u, d, f);
      BlockOutputs block = new BlockOutputs(g, u, d, f, inputs.get(parts.gate()).values());
      Map<Binding, Map<Double, Float>> known = new IdentityHashMap<>();
      greedy.forEach(b -> known.put(b, new HashMap<>()));
      double[] sizes = greedy.stream().mapToDouble(GreedyBlocks::size).toArray();
      double[] shares = GreedySparsities.shares(sizes);
      double wanted = wanted(greedy, shares);
      GreedySparsities.OutputError error =
          tried -> {
            float[] t = {-1, -1, -1};
            for (int i = 0; i < tried.length; i++) {
              Binding b = greedy.get(i);
              t[parts.all().indexOf(b)] =
                  known.get(b).computeIfAbsent(tried[i], s -> seen.get(b).threshold(s));
            }
            return block.error(t[0], t[1], t[2]);
          };
      double[] found = sparsities(shares, wanted, error);
      for (int i = 0; i < found.length; i++) {
        out.put(greedy.get(i), seen.get(greedy.get(i)).threshold(found[i]));
      }
    }
  }

  private static double[] sparsities(
      double[] shares, double wanted, GreedySparsities.OutputError error) {
    // The step is a little shorter, so that a whole number of them is what is wanted.
    double step = wanted / Math.max(1, Math.ceil(wanted * STEPS - 1e-9));
    double[] found = GreedySparsities.search(shares, step, MOST, wanted, error);
    double[] uniform = new double[shares.length];
    Arrays.fill(uniform, wanted);
    return error.of(uniform) < error.of(found) ? uniform : found;
  }

  /** What the block declares; a program may have given its layers other sparsities. */
  private static double wanted(List<Binding> layers, double[] shares) {
    double first = sparsity(layers.get(0));
    if (layers.stream().allMatch(b -> sparsity(b) == first)) {
      return first;
    }
    double sum = 0;
    for (int i = 0; i < shares.length; i++) {
      sum += shares[i] * sparsity(layers.get(i));
    }
    return sum;
  }

  private static double sparsity(Binding b) {
    return b.plan().flatMap(p -> p.activation()).map(ActivationPlan::sparsity).orElseThrow();
  }

  private static double size(Binding b) {
    return b.weights().get(0).getArray().size();
  }

  /** What the search computes must be what down saw when the block ran. */
  private void check(
      Parts parts,
      BlockOutputs.Layer gate,
      BlockOutputs.Layer up,
      BlockOutputs.Layer down,
      Activation f) {
    RowSample x = checked.get(parts.gate());
    RowSample h = checked.get(parts.down());
    double difference = Double.POSITIVE_INFINITY;
    boolean shapes =
        up.weight().rows() == gate.weight().rows()
            && up.weight().cols() == gate.weight().cols()
            && down.weight().cols() == gate.weight().rows();
    if (shapes && x.seen() == h.seen()) {
      float[] own = new BlockOutputs(gate, up, down, f, x.values()).hidden();
      float[] run = h.values();
      double largest = 0;
      double most = 0;
      for (int i = 0; i < own.length; i++) {
        largest = Math.max(largest, Math.abs(run[i]));
        most = Math.max(most, Math.abs((double) own[i] - run[i]));
      }
      difference = most == 0 ? 0 : most / largest;
    }
    if (!(difference <= TOLERANCE)) {
      String what =
          String.format(
              Locale.ROOT,
              "the inputs of %s are not f(gate(x)) * up(x) with f = %s, %.2g of the largest off",
              parts.down().path(),
              f,
              difference);
      throw new FiligreeException(Message.FIL_0877, parts.gate().path(), what);
    }
  }

  private static PackedMatrix weight(Binding b) {
    return ForwardWeights.read(b, GreedyBlocks::pack);
  }

  private static PackedMatrix pack(NDArray weight) {
    int rows = Math.toIntExact(weight.getShape().get(0));
    int cols = Math.toIntExact(weight.getShape().get(1));
    return PackedMatrices.of("dense", Arrays32.buffer(weight), rows, cols);
  }

  private static ByteBuffer bias(Binding b) {
    return b.bias()
        .filter(Parameter::isInitialized)
        .map(p -> Arrays32.buffer(p.getArray()))
        .orElse(null);
  }
}
