package dev.filigree.agent;

import dev.filigree.agent.hook.Handler;
import dev.filigree.plan.AnnotationIndex;
import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;
import java.util.Optional;
import java.util.Set;

/**
 * The one line that says Filigree is at work. It is printed when DJL is first used, because by then
 * the kernels are chosen and the model's classes are known.
 */
final class Banner {
  private final Log log;
  private final Findings findings;
  private boolean printed;

  Banner(Log log, Findings findings) {
    this.log = log;
    this.findings = findings;
  }

  /** Prints it, the first time; {@code loader} is where to look for an index. */
  synchronized void print(Handler handler, ClassLoader loader) {
    if (printed) {
      return;
    }
    printed = true;
    Set<String> classes = classes(findings, loader);
    String matched =
        classes.isEmpty()
            ? "no annotated class"
            : classes.size()
                + (classes.size() == 1 ? " annotated class: " : " annotated classes: ")
                + Findings.some(classes);
    Optional<String> recipe = Setting.recipe();
    log.message(
        Message.FIL_0501,
        version(),
        Runtime.version().feature(),
        handler.kernels(),
        matched + recipe.map(file -> ", recipe " + file).orElse(""));
    if (classes.isEmpty() && recipe.isEmpty()) {
      Set<String> candidates = findings.candidates();
      log.message(
          Message.FIL_0506,
          candidates.isEmpty()
              ? "none, only DJL's own blocks are in use"
              : Findings.some(candidates));
    }
  }

  /** Annotated classes, loaded or in an index. */
  static Set<String> classes(Findings findings, ClassLoader loader) {
    Set<String> classes = AnnotationIndex.classes(loader);
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    if (context != null) {
      classes.addAll(AnnotationIndex.classes(context));
    }
    // The index names top-level classes; a nested one that is loaded adds nothing.
    findings.annotated().keySet().stream()
        .filter(name -> !classes.contains(topLevel(name)))
        .toList()
        .forEach(classes::add);
    return classes;
  }

  /** The version of this agent, as its manifest says. */
  static String version() {
    String version = Banner.class.getPackage().getImplementationVersion();
    return version == null ? "(development build)" : version;
  }

  private static String topLevel(String name) {
    int dollar = name.indexOf('$');
    return dollar > 0 ? name.substring(0, dollar) : name;
  }
}
