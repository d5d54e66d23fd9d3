package dev.filigree.agent;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.nio.file.Path;
import java.util.jar.JarFile;

/** Puts the hook where every class loader sees it. This class must not name the hook's types. */
final class Bootstrap {
  static final String HOOK = "dev.filigree.agent.hook.Hook";

  private static final String HOOK_FILE = "dev/filigree/agent/hook/Hook";

  private Bootstrap() {}

  /** Whether an agent put it there before. */
  static boolean done() {
    return Loaders.sees(null, HOOK);
  }

  /** Appends the hook to the bootstrap search path. */
  static void append(Instrumentation instrumentation) throws IOException {
    Path jar =
        AgentFiles.temporaryJar(
            "hook.jar", HOOK_FILE, HOOK_FILE + "$1", "dev/filigree/agent/hook/Handler");
    instrumentation.appendToBootstrapClassLoaderSearch(new JarFile(jar.toFile()));
  }
}
