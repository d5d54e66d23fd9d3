package dev.filigree.agent;

import dev.filigree.agent.hook.Handler;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;

/**
 * Finds, once for each copy of DJL, the Filigree that serves it: the one that DJL's loader sees,
 * else the agent's own copy in a child of that loader.
 */
final class Linker {
  private static final String DJL = WeavePoint.DJL.replace('/', '.');

  private final Instrumentation instrumentation;
  private final ModuleOpener opener;
  private final Banner banner;
  private final Log log;

  /** Loaders of DJL that the agent's own copy serves. */
  private final Map<ClassLoader, Boolean> servedByOwnCopy = new WeakHashMap<>();

  private final Set<ClassLoader> refused =
      Collections.newSetFromMap(Collections.synchronizedMap(new WeakHashMap<>()));

  private final ClassValue<Handler> handlers =
      new ClassValue<>() {
        @Override
        protected Handler computeValue(Class<?> djl) {
          return link(djl);
        }
      };

  Linker(Instrumentation instrumentation, ModuleOpener opener, Banner banner, Log log) {
    this.instrumentation = instrumentation;
    this.opener = opener;
    this.banner = banner;
    this.log = log;
  }

  /** The handler of the DJL that a woven class sees, or null. */
  Handler handler(Class<?> woven) {
    try {
      Class<?> djl = Class.forName(DJL, false, woven.getClassLoader());
      Handler handler = handlers.get(djl);
      if (handler != null && woven.getName().startsWith("ai.djl.")) {
        banner.print(handler, djl.getClassLoader());
      }
      return handler;
    } catch (ClassNotFoundException | LinkageError e) {
      return null; // an annotated class in a program without DJL
    }
  }

  /**
   * An annotated class was met in {@code loader}: says so if it has a Filigree that cannot serve
   * its DJL.
   */
  void noticed(ClassLoader loader) {
    List<ClassLoader> served;
    synchronized (servedByOwnCopy) {
      served = List.copyOf(servedByOwnCopy.keySet());
    }
    for (ClassLoader djl : served) {
      if (Loaders.isBelow(loader, djl) && Loaders.hasFiligree(loader)) {
        refuse(loader, djl);
      }
    }
  }

  private synchronized Handler link(Class<?> base) {
    ClassLoader djl = base.getClassLoader();
    try {
      boolean beside = Loaders.sees(djl, BridgeLoader.WOVEN_CALLS);
      if (!beside) {
        List<ClassLoader> own = Loaders.withOwnFiligree(instrumentation, djl);
        if (!own.isEmpty()) {
          own.forEach(loader -> refuse(loader, djl));
          return null;
        }
      }
      ClassLoader filigree = beside ? djl : new NestedLoader(djl);
      Handler handler = new BridgeLoader(filigree).bridge();
      handler.kernels(); // initialises it: what cannot run must show now
      opener.openTo(filigree.loadClass(BridgeLoader.WOVEN_CALLS).getModule());
      if (!beside) {
        synchronized (servedByOwnCopy) {
          servedByOwnCopy.put(djl, true);
        }
      }
      return handler;
    } catch (ReflectiveOperationException | IOException | RuntimeException | LinkageError e) {
      log.message(Message.FIL_0504, Loaders.name(djl), e);
      return null;
    }
  }

  private void refuse(ClassLoader own, ClassLoader djl) {
    if (refused.add(own)) {
      log.message(Message.FIL_0505, Loaders.name(own), Loaders.name(djl));
    }
  }
}
