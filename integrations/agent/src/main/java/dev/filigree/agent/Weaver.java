package dev.filigree.agent;

import dev.filigree.agent.hook.Hook;
import dev.filigree.plan.Message;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.security.ProtectionDomain;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;

/** Looks at every class file that is loaded and weaves the few that matter. */
final class Weaver implements ClassFileTransformer {
  private final ClassScan scan;
  private final Findings findings;
  private final Linker linker;
  private final ModuleOpener opener;
  private final Log log;
  private final Advisor advisor = new Advisor();
  private final Map<ClassLoader, Boolean> hookVisible =
      Collections.synchronizedMap(new WeakHashMap<>());

  Weaver(ClassScan scan, Findings findings, Linker linker, ModuleOpener opener, Log log) {
    this.scan = scan;
    this.findings = findings;
    this.linker = linker;
    this.opener = opener;
    this.log = log;
  }

  @Override
  public byte[] transform(
      Module module,
      ClassLoader loader,
      String name,
      Class<?> redefined,
      ProtectionDomain domain,
      byte[] file) {
    if (loader == null || name == null || ClassScan.isSkipped(name)) {
      return null;
    }
    try {
      ClassFacts facts = scan.read(loader, name, file);
      return facts == null ? null : weave(module, loader, name, file, facts);
    } catch (RuntimeException | LinkageError e) {
      log.message(Message.FIL_0509, name.replace('/', '.'), e);
      return null;
    }
  }

  private byte[] weave(
      Module module, ClassLoader loader, String name, byte[] file, ClassFacts facts) {
    String className = name.replace('/', '.');
    if (!ClassScan.isDjl(name)) {
      findings.add(className, facts);
      int dot = className.lastIndexOf('.');
      opener.open(module, dot < 0 ? "" : className.substring(0, dot));
      if (facts.annotated()) {
        linker.noticed(loader);
      }
    }
    boolean matters =
        WeavePoint.in(name)
            || (facts.labels() && !facts.isInterface())
            || facts.owner()
            || !facts.factories().isEmpty();
    return matters && seesHook(loader) ? advisor.weave(loader, name, file, facts) : null;
  }

  /** A loader that hides bootstrap classes (OSGi without delegation) must not get woven code. */
  private boolean seesHook(ClassLoader loader) {
    Boolean known = hookVisible.get(loader);
    if (known == null) {
      known = Loaders.sees(loader, Hook.class.getName());
      hookVisible.put(loader, known);
      if (!known) {
        log.message(
            Message.FIL_0504,
            Loaders.name(loader),
            "it hides the package "
                + Hook.class.getPackageName()
                + "; delegate it to the bootstrap class loader");
      }
    }
    return known;
  }

  /** Weaves what was loaded before the agent came. */
  void weaveLoaded(Instrumentation instrumentation) {
    for (Class<?> c : instrumentation.getAllLoadedClasses()) {
      if (scan.mayMatter(c) && instrumentation.isModifiableClass(c)) {
        try {
          instrumentation.retransformClasses(c);
        } catch (UnmodifiableClassException | RuntimeException | LinkageError e) {
          log.message(Message.FIL_0509, c.getName(), e);
        }
      }
    }
  }
}
