package dev.filigree.djl.serve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.ServingOperator;
import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole block at inference, while the layers it was packed from have the weights and the rules
 * they had then. Afterwards the block runs as it is, with its layers served one by one.
 */
public final class FusedServing implements ServingOperator {
  private static final Logger LOG = LoggerFactory.getLogger(FusedServing.class);

  /** Who answers at a number of rows. */
  private enum Way {
    /** The operator. */
    WHOLE,
    /** The block's own forward, with its layers served one by one. */
    LAYERS,
    /** The block's own forward as it is without anything packed or skipped. */
    DENSE
  }

  private final List<Binding> layers;
  private final List<ActivationRule> rules;
  private final List<WeightSource> sources;
  private final FusedOperator operator;
  private final NavigableMap<Integer, Way> byBatch;
  private final int checkEvery = Math.max(1, Setting.CHECK_EVERY.getInt());
  private volatile boolean dropped;
  private int sinceCheck;

  /**
   * @param layers what the operator was packed from, as they are now
   * @param byBatch for each measured number of rows whether the operator answers
   */
  public FusedServing(List<Binding> layers, FusedOperator operator, Map<Integer, Boolean> byBatch) {
    this(layers, operator, ways(byBatch));
  }

  private FusedServing(
      List<Binding> layers, FusedOperator operator, NavigableMap<Integer, Way> byBatch) {
    this.layers = List.copyOf(layers);
    this.rules = layers.stream().map(FusedServing::rule).collect(Collectors.toList());
    this.sources = layers.stream().map(WeightSource::of).toList();
    this.operator = operator;
    this.byBatch = byBatch;
  }

  private static NavigableMap<Integer, Way> ways(Map<Integer, Boolean> byBatch) {
    NavigableMap<Integer, Way> ways = new TreeMap<>();
    byBatch.forEach((batch, whole) -> ways.put(batch, whole ? Way.WHOLE : Way.LAYERS));
    return ways;
  }

  /** The same, but at that number of rows nothing is packed and nothing skipped. */
  public FusedServing denseAt(int batch) {
    NavigableMap<Integer, Way> ways = new TreeMap<>(byBatch);
    ways.put(batch, Way.DENSE);
    return new FusedServing(layers, operator, ways);
  }

  private static ActivationRule rule(Binding layer) {
    return layer.serving() instanceof LayerServing s ? s.rule() : null;
  }

  /** Whether a layer is a part of a block that is answered whole now. */
  public static boolean serves(Binding layer) {
    return decides(layer)
        && ((FusedServing) layer.block().serving()).byBatch.containsValue(Way.WHOLE);
  }

  /** Whether a layer is a part of a block of which it was measured how it runs, whole or not. */
  static boolean decides(Binding layer) {
    return layer.block() != null && layer.block().serving() instanceof FusedServing f && !f.dropped;
  }

  /** Bytes of one layer's share of the packed weights. */
  public long bytes(Binding layer) {
    return operator.bytes(layers.indexOf(layer));
  }

  /** The format of the weights. */
  public String format() {
    return "fused " + operator.format();
  }

  @Override
  public NDList answer(Block block, Binding binding, ParameterStore store, NDList inputs) {
    if (dropped || inputs.size() != 1 || !Arrays32.isUsable(inputs.head())) {
      return null;
    }
    NDArray x = inputs.head();
    long cols = x.getShape().get(x.getShape().dimension() - 1);
    if (cols != operator.inputs() || x.size() == 0) {
      return null;
    }
    int batch = Math.toIntExact(x.size() / cols);
    Way way = way(batch);
    if (way == Way.LAYERS || !isCurrent(binding)) {
      return null;
    }
    if (way == Way.DENSE && !operator.watches(x)) {
      return Dispatch.bypassed(() -> block.forward(store, inputs, false));
    }
    NDList result = operator.answer(x, batch);
    if (result != null) {
      layers.forEach(l -> l.packedForwards().increment());
    }
    return result;
  }

  /** The choice for the nearest measured number of rows, by ratio. */
  private Way way(int batch) {
    Map.Entry<Integer, Way> below = byBatch.floorEntry(batch);
    Map.Entry<Integer, Way> above = byBatch.ceilingEntry(batch);
    if (below == null || above == null) {
      return (below == null ? above : below).getValue();
    }
    boolean nearBelow = (long) batch * batch <= (long) below.getKey() * above.getKey();
    return (nearBelow ? below : above).getValue();
  }

  private boolean isCurrent(Binding block) {
    // A race on the counter only moves a check; it need not be exact.
    boolean sample = ++sinceCheck >= checkEvery;
    sinceCheck = sample ? 0 : sinceCheck;
    for (int i = 0; i < sources.size(); i++) {
      WeightSource source = sources.get(i);
      if (rule(layers.get(i)) != rules.get(i)) {
        return drop(block, "the rules of " + layers.get(i).path() + " changed");
      }
      String why = sample ? source.changedInSample() : source.changed();
      if (why != null) {
        return drop(block, layers.get(i).path() + ": " + why);
      }
    }
    return true;
  }

  private boolean drop(Binding block, String why) {
    dropped = true;
    LOG.warn(Message.FIL_0302.text(block.path(), why));
    return false;
  }

  @Override
  public void verify(Binding block) {
    for (int i = 0; i < sources.size() && !dropped; i++) {
      String why = sources.get(i).changedAnywhere();
      if (why != null) {
        drop(block, layers.get(i).path() + ": " + why);
      }
    }
  }

  @Override
  public ServingOperator withoutActivations() {
    return null;
  }

  @Override
  public void invalidate(Binding block, String why) {
    if (!dropped) {
      drop(block, why);
    }
  }
}
