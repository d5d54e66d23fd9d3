package dev.filigree.agent;

import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;
import java.io.IOException;
import java.io.InputStream;
import java.lang.instrument.Instrumentation;
import java.util.Optional;
import java.util.Set;

/** Reports what the agent would do, and does nothing of it. */
final class DryRun {
  private DryRun() {}

  /** Looks at the classes loaded so far and at the index, and logs one line for each find. */
  static void report(Instrumentation instrumentation, Log log) {
    Findings findings = new Findings();
    ClassScan scan = new ClassScan();
    for (Class<?> c : instrumentation.getAllLoadedClasses()) {
      if (scan.mayMatter(c) && !ClassScan.isDjl(c.getName().replace('.', '/'))) {
        read(c, scan, findings, log);
      }
    }
    for (Class<?> djl : Loaders.loaded(instrumentation, WeavePoint.DJL.replace('/', '.'))) {
      ClassLoader loader = djl.getClassLoader();
      String by =
          Loaders.hasFiligree(loader)
              ? "the Filigree beside it"
              : "the agent's own copy of Filigree";
      log.message(Message.FIL_0512, "DJL in " + Loaders.name(loader) + " would be served by " + by);
    }
    findings
        .annotated()
        .forEach((name, what) -> log.message(Message.FIL_0512, name + " would be bound: " + what));
    Set<String> known = Banner.classes(findings, ClassLoader.getSystemClassLoader());
    for (String name : known) {
      if (!findings.annotated().containsKey(name)) {
        log.message(Message.FIL_0512, name + " is in an index and would be bound when it loads");
      }
    }
    Optional<String> recipe = Setting.recipe();
    if (recipe.isPresent()) {
      log.message(
          Message.FIL_0512, "the recipe " + recipe.get() + " would be read for every model");
    } else if (known.isEmpty()) {
      log.message(
          Message.FIL_0506,
          findings.candidates().isEmpty() ? "none" : Findings.some(findings.candidates()));
    }
  }

  private static void read(Class<?> c, ClassScan scan, Findings findings, Log log) {
    String name = c.getName().replace('.', '/');
    try (InputStream in = c.getClassLoader().getResourceAsStream(name + ".class")) {
      if (in != null) {
        ClassFacts facts = scan.read(c.getClassLoader(), name, in.readAllBytes());
        if (facts != null) {
          findings.add(c.getName(), facts);
        }
      }
    } catch (IOException | RuntimeException e) {
      log.message(Message.FIL_0509, c.getName(), e);
    }
  }
}
