package dev.filigree.djl;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.djl.serve.FusedServing;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.PackedWeights;
import dev.filigree.gate.PairedTimer;
import dev.filigree.gate.Ratio;
import dev.filigree.gate.Timing;
import dev.filigree.plan.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last word of the gate: layers that are faster alone can make a model slower, because
 * libtorch's threads spin for a while after each of its own calls. So the whole model is timed, and
 * runs dense at the batch sizes where that is faster.
 */
final class WholeModel {
  private static final Logger LOG = LoggerFactory.getLogger(WholeModel.class);
  private static final Duration BUDGET = Duration.ofMillis(800);

  private WholeModel() {}

  static void revertWhereSlower(Model model, List<Bindings.Layer> layers, PackOptions options) {
    for (int batch : options.batchSizes()) {
      if (!servesAny(layers, batch) || !Dispatch.isWoven()) {
        continue;
      }
      try (NDManager manager = model.getNDManager().newSubManager()) {
        Optional<NDList> input = input(model, manager, options, batch);
        if (input.isEmpty()) {
          continue;
        }
        Ratio denseFaster = time(model.getBlock(), manager, input.get());
        if (denseFaster.lower90() > 1) {
          String speed = String.format(Locale.ROOT, "%.2f", 1 / denseFaster.median());
          LOG.warn(Message.FIL_0341.text(batch, speed));
          layers.forEach(layer -> revert(layer.binding(), batch));
        }
      }
    }
  }

  private static boolean servesAny(List<Bindings.Layer> layers, int batch) {
    return layers.stream()
        .map(Bindings.Layer::binding)
        .anyMatch(
            b ->
                FusedServing.serves(b)
                    || (b.serving() instanceof LayerServing s
                        && s.packed() != null
                        && s.packed().forBatch(batch) != null));
  }

  /** Time packed over time dense. */
  private static Ratio time(Block block, NDManager manager, NDList input) {
    ParameterStore store = new ParameterStore(manager, false);
    Timing timing =
        PairedTimer.within(BUDGET)
            .time(
                () -> Dispatch.bypassed(() -> block.forward(store, input, false)).close(),
                () -> block.forward(store, input, false).close());
    return timing.ratio(1, 0);
  }

  private static Optional<NDList> input(
      Model model, NDManager manager, PackOptions options, int batch) {
    if (options.modelInput().isPresent()) {
      return Optional.of(options.modelInput().get().of(manager, batch));
    }
    List<Pair<String, Shape>> described = described(model.getBlock());
    if (described.isEmpty()) {
      LOG.info(Message.FIL_0342.text(batch, "the model does not say what it takes"));
      return Optional.empty();
    }
    NDList list = new NDList();
    for (Pair<String, Shape> one : described) {
      long[] shape = one.getValue().getShape().clone();
      if (shape.length == 0) {
        LOG.info(Message.FIL_0342.text(batch, "its input has no dimension for rows"));
        return Optional.empty();
      }
      shape[0] = batch;
      for (int i = 1; i < shape.length; i++) {
        if (shape[i] < 1) {
          LOG.info(Message.FIL_0342.text(batch, "dimension " + i + " of its input is open"));
          return Optional.empty();
        }
      }
      list.add(manager.randomNormal(new Shape(shape), DataType.FLOAT32));
    }
    return Optional.of(list);
  }

  private static List<Pair<String, Shape>> described(Block block) {
    if (!block.isInitialized()) {
      return List.of();
    }
    List<Pair<String, Shape>> out = new ArrayList<>();
    block.describeInput().forEach(out::add);
    return out;
  }

  private static void revert(Binding b, int batch) {
    if (b.serving() instanceof LayerServing s && s.packed() != null) {
      PackedWeights before = s.packed();
      PackedWeights after = before.denseAt(batch);
      b.setServing(s.with(after));
      before.release(after);
    }
    if (b.block() != null && b.block().serving() instanceof FusedServing f) {
      b.block().setServing(f.denseAt(batch));
    }
    Verdicts.revert(b, batch);
  }
}
