package dev.filigree.djl.serve;

import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.training.ParameterStore;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.bind.LatentWeights;
import dev.filigree.djl.bind.ServingOperator;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what the forward of a block does: continue as it is, continue with masked weights, or
 * answer with a packed operator. The decision is made before the body runs; there is never a second
 * forward.
 */
public final class Dispatch {

  /** Sees a layer's forward during calibration, bound or not. */
  public interface Observer {
    /**
     * Returns the layer's result where it had to compute it, or null to let the layer run as it is.
     */
    NDList observe(Block block, Binding binding, ParameterStore store, NDList inputs);
  }

  private static final class Context {
    private int depth;
    private int bypass;
    private Block root;
    private Observer observer;
    private final List<LatentWeights> held = new ArrayList<>();
  }

  private static final ThreadLocal<Context> CONTEXT = ThreadLocal.withInitial(Context::new);
  private static final Logger LOG = LoggerFactory.getLogger(Dispatch.class);
  private static final Set<String> ERRORS = ConcurrentHashMap.newKeySet();
  private static volatile boolean woven;

  private Dispatch() {}

  /**
   * Whether forward passes of this DJL come through here; tried with a block that does nothing,
   * where none came yet.
   */
  public static boolean isWoven() {
    if (!woven) {
      new LambdaBlock(inputs -> inputs, "probe").forward(new ParameterStore(), new NDList(), false);
    }
    return woven;
  }

  /** A forward starts on this thread; every call is followed by one {@link #exit}. */
  public static void open(Block block) {
    if (!woven) {
      woven = true;
    }
    Context c = CONTEXT.get();
    if (c.depth++ == 0) {
      c.root = block;
    }
  }

  /** The innermost forward of this thread ended. */
  public static void exit() {
    Context c = CONTEXT.get();
    if (--c.depth <= 0) {
      c.depth = 0;
      c.root = null;
      if (!c.held.isEmpty()) {
        c.held.forEach(LatentWeights::release);
        c.held.clear();
      }
    }
  }

  /**
   * Null to continue, an {@link NDList} to answer with, or a {@link ParameterStore} to continue
   * with.
   */
  public static Object decide(Block block, ParameterStore store, NDList inputs, boolean training) {
    Context c = CONTEXT.get();
    if (c.bypass > 0) {
      return null;
    }
    Binding binding = Bindings.get(block);
    if (binding == null) {
      binding = meet(block, c.root);
    }
    if (c.observer == null
        && binding.plan().isEmpty()
        && binding.serving() == null
        && binding.role() == Binding.Role.ALONE) {
      return null;
    }
    LatentWeights latent = binding.latent();
    ParameterStore view = latent == null ? store : latent.view(store);
    if (latent != null && !training) {
      latent.hold();
      c.held.add(latent);
    }
    if (!training) {
      if (c.observer != null) {
        NDList seen = c.observer.observe(block, binding, view, inputs);
        if (seen != null) {
          return seen;
        }
      } else {
        ServingOperator serving = binding.serving();
        NDList answer = serving == null ? null : serving.answer(block, binding, view, inputs);
        if (answer != null) {
          return answer;
        }
      }
    }
    return view == store ? null : view;
  }

  /**
   * A block that was never seen: models that were alive before an attach, and blocks added after
   * the constructor.
   */
  private static Binding meet(Block block, Block root) {
    try {
      // A block made for this very forward (an activation, for example) is not worth a walk.
      if (root != null && (block == root || Bindings.mayMatter(block))) {
        Bindings.Result result = Bindings.bind(root);
        result.errors().stream().filter(ERRORS::add).forEach(LOG::error);
        Activations.prepare(result.layers());
      }
    } finally {
      // Also where binding failed: that is said once and not tried again at every forward.
      Bindings.markUnbound(block);
    }
    return Bindings.get(block);
  }

  /**
   * Runs forwards that Filigree leaves alone: the gate's dense side, verification, fallbacks on
   * changed inputs.
   */
  public static <T> T bypassed(Supplier<T> work) {
    Context c = CONTEXT.get();
    c.bypass++;
    try {
      return work.get();
    } finally {
      c.bypass--;
    }
  }

  /** Runs forwards of this thread with an observer in place of all serving operators. */
  public static void observing(Observer observer, Runnable work) {
    Context c = CONTEXT.get();
    Observer before = c.observer;
    c.observer = observer;
    try {
      work.run();
    } finally {
      c.observer = before;
    }
  }
}
