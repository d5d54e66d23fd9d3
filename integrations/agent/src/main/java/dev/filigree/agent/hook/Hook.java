package dev.filigree.agent.hook;

import java.nio.file.Path;
import java.util.function.Function;

/**
 * The static methods that woven code calls. Each finds the handler of the DJL that the woven class
 * sees; without one it does nothing. The look-up is a {@link ClassValue}: no lock, no allocation,
 * and nothing that keeps a class loader alive.
 */
public final class Hook {
  private static volatile Function<Class<?>, Handler> linker;

  private static final ClassValue<Handler> HANDLERS =
      new ClassValue<>() {
        @Override
        protected Handler computeValue(Class<?> woven) {
          return linker.apply(woven);
        }
      };

  private Hook() {}

  /**
   * Sets, once, who finds the handler of a woven class; it answers null where there is none and
   * never throws.
   *
   * @return whether this call was the first
   */
  public static synchronized boolean install(Function<Class<?>, Handler> finder) {
    if (linker != null) {
      return false;
    }
    linker = finder;
    return true;
  }

  /** Whether an agent is at work in this JVM. */
  public static boolean installed() {
    return linker != null;
  }

  /** The handler of a woven class, or null. */
  public static Handler handler(Class<?> woven) {
    return HANDLERS.get(woven);
  }

  /** See {@link Handler#enterForward}. */
  public static Object enterForward(
      Class<?> woven,
      Object block,
      Object store,
      Object inputs,
      boolean training,
      Object parameters) {
    Handler h = HANDLERS.get(woven);
    return h == null ? null : h.enterForward(block, store, inputs, training, parameters);
  }

  /** See {@link Handler#exitForward}. */
  public static void exitForward(Class<?> woven, Object block) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.exitForward(block);
    }
  }

  /** See {@link Handler#enterLabels}. */
  public static Object enterLabels(
      Class<?> woven, Object block, Object store, Object inputs, Object parameters) {
    Handler h = HANDLERS.get(woven);
    return h == null ? null : h.enterLabels(woven, block, store, inputs, parameters);
  }

  /** See {@link Handler#exitLabels}. */
  public static void exitLabels(Class<?> woven, Object block) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.exitLabels(woven, block);
    }
  }

  /** See {@link Handler#enterStep}. */
  public static void enterStep(Class<?> woven, Object trainer) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.enterStep(trainer);
    }
  }

  /** See {@link Handler#exitStep}. */
  public static void exitStep(Class<?> woven, Object trainer) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.exitStep(trainer);
    }
  }

  /** See {@link Handler#trainerCreated}. */
  public static void trainerCreated(Class<?> woven, Object trainer) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.trainerCreated(trainer);
    }
  }

  /** See {@link Handler#trainerInitialized}. */
  public static void trainerInitialized(Class<?> woven, Object trainer) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.trainerInitialized(trainer);
    }
  }

  /** See {@link Handler#collecting}. */
  public static Object collecting(Class<?> woven, Object trainer, Object collector) {
    Handler h = HANDLERS.get(woven);
    return h == null ? collector : h.collecting(trainer, collector);
  }

  /** See {@link Handler#trainerClosing}. */
  public static void trainerClosing(Class<?> woven, Object trainer) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.trainerClosing(trainer);
    }
  }

  /** See {@link Handler#fitStarting}. */
  public static void fitStarting(Class<?> woven, Object trainer, int epochs, Object training) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.fitStarting(trainer, epochs, training);
    }
  }

  /** See {@link Handler#blockSet}. */
  public static void blockSet(Class<?> woven, Object model, Object block) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.blockSet(model, block);
    }
  }

  /** See {@link Handler#predictorCreated}. */
  public static void predictorCreated(Class<?> woven, Object model) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.predictorCreated(model);
    }
  }

  /** See {@link Handler#modelSaved}. */
  public static void modelSaved(Class<?> woven, Object model, Path directory, String name) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.modelSaved(model, directory, name);
    }
  }

  /** See {@link Handler#modelClosing}. */
  public static void modelClosing(Class<?> woven, Object model) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.modelClosing(model);
    }
  }

  /** See {@link Handler#constructed}. */
  public static void constructed(Class<?> woven, Object owner) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.constructed(owner);
    }
  }

  /** See {@link Handler#returned}. */
  public static void returned(Class<?> woven, String method, String descriptor, Object result) {
    Handler h = HANDLERS.get(woven);
    if (h != null) {
      h.returned(woven, method, descriptor, result);
    }
  }
}
