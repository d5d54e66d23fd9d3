package dev.filigree.agent;

import dev.filigree.agent.hook.Hook;
import dev.filigree.plan.Message;
import java.lang.instrument.Instrumentation;
import java.util.List;

/** Puts the parts together. Loaded only after the hook is in the bootstrap search path. */
final class AgentStart {
  private AgentStart() {}

  /**
   * Starts weaving.
   *
   * @param running whether the program runs already, so that classes may be loaded
   */
  static void start(Instrumentation instrumentation, boolean running, Log log) {
    Findings findings = new Findings();
    ModuleOpener opener = new ModuleOpener(instrumentation);
    Linker linker = new Linker(instrumentation, opener, new Banner(log, findings), log);
    if (!Hook.install(linker::handler)) {
      return;
    }
    Weaver weaver = new Weaver(new ClassScan(), findings, linker, opener, log);
    boolean retransform = instrumentation.isRetransformClassesSupported();
    instrumentation.addTransformer(weaver, retransform);
    if (running) {
      List<Class<?>> djl = Loaders.loaded(instrumentation, WeavePoint.DJL.replace('/', '.'));
      if (retransform) {
        weaver.weaveLoaded(instrumentation);
        djl.forEach(Hook::handler);
      } else if (!djl.isEmpty()) {
        log.message(Message.FIL_0509, "DJL", "the manifest lacks Can-Retransform-Classes: true");
      }
    }
  }
}
