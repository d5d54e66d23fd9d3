package dev.filigree.djl.train;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Sampler;
import ai.djl.translate.TranslateException;
import com.google.common.collect.MapMaker;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.bind.ServingOperator;
import dev.filigree.plan.ActivationPlan;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerPlan;
import dev.filigree.plan.Message;
import dev.filigree.plan.PlanRules;
import dev.filigree.plan.Problem;
import dev.filigree.plan.ReluPlan;
import dev.filigree.plan.Setting;
import dev.filigree.schedule.HalfSineStages;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Follows trainers: one {@link TrainingSession} each, driven by {@code Trainer.step}. */
public final class TrainingHook {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingHook.class);
  private static final Map<Trainer, Run> RUNS = new MapMaker().weakKeys().makeMap();
  private static final Field STORE = field(Trainer.class, "parameterStore");
  private static final Field SAMPLER = field(RandomAccessDataset.class, "sampler");

  private TrainingHook() {}

  /** What is known of one trainer; refers to no block, so that dropped models are collected. */
  private static final class Run {
    private long plannedSteps = Setting.STEPS.getInt();
    private long seed;
    private boolean finished;
    private long steps;
    private boolean warned;
    private boolean unseen;
    private TrainingSession session;
    private List<Binding> bindings = List.of();
  }

  /** A trainer was made: binds its model, so that the first forward pass sees masked weights. */
  public static void created(Trainer trainer) {
    RUNS.computeIfAbsent(trainer, t -> new Run());
    Block root = trainer.getModel().getBlock();
    List<Bindings.Layer> layers = Bindings.bind(root).orThrow();
    startIfReady(trainer, layers);
  }

  /**
   * Declares how many optimizer steps a trainer will do, for schedules in fractions; before its
   * first step.
   */
  public static void plannedSteps(Trainer trainer, long steps) {
    if (steps < 1) {
      throw new FiligreeException(Message.FIL_0217, steps);
    }
    Run run = RUNS.computeIfAbsent(trainer, t -> new Run());
    run.plannedSteps = steps;
    restart(trainer, run);
  }

  /** Seeds the random criterion of a trainer; before its first step. */
  public static void seed(Trainer trainer, long seed) {
    Run run = RUNS.computeIfAbsent(trainer, t -> new Run());
    run.seed = seed;
    restart(trainer, run);
  }

  /** {@code EasyTrain.fit} starts: plans steps from its epochs and the size of the data. */
  public static void fitStarting(Trainer trainer, int epochs, Dataset training) {
    Run run = RUNS.computeIfAbsent(trainer, t -> new Run());
    if (run.plannedSteps < 1 && training instanceof RandomAccessDataset data && prepare(data)) {
      Sampler sampler = (Sampler) get(SAMPLER, data);
      if (sampler != null && sampler.getBatchSize() > 0) {
        long perEpoch = (data.size() + sampler.getBatchSize() - 1) / sampler.getBatchSize();
        run.plannedSteps = Math.max(1, perEpoch * epochs);
        restart(trainer, run);
      }
    }
  }

  /** Some datasets know their size only now; fit would prepare it next, and fail as it does. */
  private static boolean prepare(RandomAccessDataset data) {
    try {
      data.prepare();
      return true;
    } catch (IOException | TranslateException e) {
      LOG.debug("the number of steps stays unknown", e);
      return false;
    }
  }

  private static void restart(Trainer trainer, Run run) {
    if (run.session != null && run.session.steps() == 0) {
      run.session.close();
      run.session = null;
      startIfReady(trainer, Bindings.bind(trainer.getModel().getBlock()).orThrow());
    }
  }

  private static TrainingSession startIfReady(Trainer trainer, List<Bindings.Layer> layers) {
    Run run = RUNS.computeIfAbsent(trainer, t -> new Run());
    Block root = trainer.getModel().getBlock();
    run.bindings = layers.stream().map(Bindings.Layer::binding).toList();
    if (run.session == null && TrainingSession.isReady(root, layers)) {
      run.session =
          new TrainingSession(
              trainer.getManager(), layers, run.plannedSteps, run.seed, run.finished);
    }
    return run.session;
  }

  /** Layers were initialised after the trainer was made: the session can start. */
  public static void initialized(Trainer trainer) {
    Run run = RUNS.get(trainer);
    if (run == null || run.session == null) {
      startIfReady(trainer, Bindings.bind(trainer.getModel().getBlock()).orThrow());
    }
  }

  /** Before {@code Trainer.step}. */
  public static void beforeStep(Trainer trainer) {
    initialized(trainer);
    Run run = RUNS.get(trainer);
    for (Binding b : run.bindings) {
      ServingOperator serving = b.serving();
      if (serving != null) {
        serving.invalidate(b, "an optimizer step");
        b.setServing(null);
      }
      if (b.block() != null && b.block().serving() != null) {
        b.block().serving().invalidate(b.block(), "an optimizer step");
        b.block().setServing(null);
      }
    }
    TrainingSession session = run.session;
    if (session != null) {
      session.beforeStep(store(trainer), trainer.getDevices());
    }
  }

  /** After {@code Trainer.step}. */
  public static void afterStep(Trainer trainer) {
    Run run = RUNS.get(trainer);
    if (run != null) {
      run.steps++;
    }
    if (run != null && run.session != null) {
      run.session.afterStep(store(trainer), trainer.getDevices());
    }
  }

  /**
   * A trainer made a collector: the one to use, which adds the regulariser of blocks with ReLU
   * where there is one at this step.
   */
  public static GradientCollector collecting(Trainer trainer, GradientCollector collector) {
    Run run = RUNS.get(trainer);
    Map<Binding, Double> lambdas;
    try {
      lambdas = run == null ? Map.of() : lambdas(run);
    } catch (FiligreeException e) {
      collector.close(); // an engine has one at a time
      throw e;
    }
    return lambdas.isEmpty()
        ? collector
        : new PenaltyCollector(collector, lambdas, () -> warnUnseen(run, lambdas));
  }

  /** The factors above 0 at the present step by the binding of down. */
  private static Map<Binding, Double> lambdas(Run run) {
    Map<Binding, Double> lambdas = new IdentityHashMap<>();
    for (Binding b : run.bindings) {
      ActivationPlan plan = b.plan().flatMap(LayerPlan::activation).orElse(null);
      if (plan != null
          && plan.method() == ActivationMethod.RELU
          && b.role() == Binding.Role.DOWN
          && plan.relu().isRegularised()) {
        checkStages(run, b, plan.relu());
        double lambda = HalfSineStages.of(plan.relu(), run.plannedSteps).at(run.steps);
        if (lambda > 0) {
          lambdas.put(b, lambda);
        }
      }
    }
    return lambdas;
  }

  private static void checkStages(Run run, Binding b, ReluPlan plan) {
    // Plans of Filigree.bind come unchecked.
    for (Problem p : PlanRules.check(plan)) {
      throw new FiligreeException(Message.FIL_0218, p.text());
    }
    if (plan.isFractional() && run.plannedSteps < 1 && !run.warned) {
      run.warned = true;
      LOG.warn(Message.FIL_0839.text(b.path(), plan.lambda().get(0)));
    }
  }

  private static void warnUnseen(Run run, Map<Binding, Double> lambdas) {
    if (!run.unseen) {
      run.unseen = true;
      LOG.warn(Message.FIL_0835.text(lambdas.keySet().iterator().next().path()));
    }
  }

  /** Whether a regulariser waits for forward passes. */
  public static boolean isCollecting() {
    return PenaltyCollector.isOpen();
  }

  /**
   * A layer's forward in training begins with this input; for blocks whose forward is not woven
   * they say it themselves.
   */
  public static void sees(Block layer, NDArray input) {
    PenaltyCollector.see(layer, input);
  }

  /** Before {@code Trainer.close}: zeros of straight-through methods are written. */
  public static void closing(Trainer trainer) {
    Run run = RUNS.remove(trainer);
    if (run != null && run.session != null) {
      run.session.close();
    }
  }

  /** Whether a trainer is followed already, by woven code or a trainer of ours. */
  public static boolean isFollowed(Trainer trainer) {
    return RUNS.containsKey(trainer);
  }

  /**
   * Without woven forwards: puts a store into the trainer that shows masked weights of all its
   * latent layers.
   */
  public static void showLatentWeights(Trainer trainer) {
    set(STORE, trainer, new LatentStore(store(trainer), () -> bindings(trainer)));
  }

  private static List<Binding> bindings(Trainer trainer) {
    Run run = RUNS.get(trainer);
    return run == null ? List.of() : run.bindings;
  }

  /** Puts the trainer's own store back: the optimizer works on the weights as they are. */
  public static void hideLatentWeights(Trainer trainer) {
    set(STORE, trainer, store(trainer));
  }

  /**
   * Ends every run on a root early, because the model is finished, packed or stripped. A trainer
   * that goes on keeps the declared sparsity; its schedule does not start again.
   */
  public static void endRuns(Block root) {
    RUNS.forEach(
        (trainer, run) -> {
          if (trainer.getModel().getBlock() == root && run.session != null) {
            run.session.close();
            run.session = null;
            run.finished = true;
          }
        });
  }

  /** Whether a run on this root holds weights that the forward pass does not see. */
  public static boolean isLatent(Block root) {
    return RUNS.entrySet().stream()
        .anyMatch(
            e ->
                e.getKey().getModel().getBlock() == root
                    && e.getValue().session != null
                    && e.getValue().session.isLatent());
  }

  private static ParameterStore store(Trainer trainer) {
    return LatentStore.raw((ParameterStore) get(STORE, trainer));
  }

  private static Field field(Class<?> owner, String name) {
    try {
      Field f = owner.getDeclaredField(name);
      f.setAccessible(true);
      return f;
    } catch (NoSuchFieldException e) {
      throw new IllegalStateException("this DJL has no " + owner.getSimpleName() + "." + name, e);
    }
  }

  private static void set(Field f, Object owner, Object value) {
    try {
      f.set(owner, value);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("field was made accessible", e);
    }
  }

  private static Object get(Field f, Object owner) {
    try {
      return f.get(owner);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("field was made accessible", e);
    }
  }
}
