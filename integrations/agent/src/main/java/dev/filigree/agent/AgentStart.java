package dev.filigree.agent;

import dev.filigree.agent.hook.Hook;
import java.lang.instrument.Instrumentation;

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
    instrumentation.addTransformer(weaver, true);
    if (running) {
      weaver.weaveLoaded(instrumentation);
      Loaders.loaded(instrumentation, WeavePoint.DJL.replace('/', '.')).forEach(Hook::handler);
    }
  }
}
