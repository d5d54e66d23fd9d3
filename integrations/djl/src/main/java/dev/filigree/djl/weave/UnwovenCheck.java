package dev.filigree.djl.weave;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineProvider;
import dev.filigree.plan.AnnotationIndex;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;
import java.lang.reflect.InvocationTargetException;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices annotated classes in a program whose DJL is not woven, when DJL's engine starts. It is an
 * engine provider only because that is what DJL instantiates then; it never offers an engine.
 */
public final class UnwovenCheck implements EngineProvider {
  private static final Logger LOG = LoggerFactory.getLogger(UnwovenCheck.class);

  /** In the bootstrap search path once an agent is there. */
  private static final String HOOK = "dev.filigree.agent.hook.Hook";

  private static final String AGENT = "dev.filigree.agent.FiligreeAgent";

  /** Looks, and warns, fails or attaches as {@code filigree.unwoven} says. */
  public UnwovenCheck() {
    String action = action();
    if (action.equals("ignore") || isPresent(HOOK, null)) {
      return;
    }
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    Set<String> annotated =
        AnnotationIndex.classes(loader == null ? UnwovenCheck.class.getClassLoader() : loader);
    if (annotated.isEmpty()) {
      return;
    }
    String text = Message.FIL_0208.text(annotated.size());
    switch (action) {
      case "fail" -> throw new FiligreeException(Message.FIL_0208, annotated.size());
      case "attach" -> attach(text);
      default -> LOG.warn(text);
    }
  }

  /** A setting that is not understood must not keep the engine from starting. */
  private static String action() {
    try {
      return Setting.ENABLED.isTrue() ? Setting.UNWOVEN.get() : "ignore";
    } catch (FiligreeException e) {
      LOG.warn(e.getMessage());
      return "warn";
    }
  }

  private static void attach(String otherwise) {
    try {
      Class.forName(AGENT).getMethod("attach").invoke(null);
    } catch (InvocationTargetException e) {
      LOG.warn(otherwise, e.getCause());
    } catch (ReflectiveOperationException e) {
      LOG.warn(otherwise, e);
    }
  }

  private static boolean isPresent(String name, ClassLoader loader) {
    try {
      Class.forName(name, false, loader);
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  @Override
  public String getEngineName() {
    return "Filigree (no engine)";
  }

  @Override
  public int getEngineRank() {
    return Integer.MAX_VALUE;
  }

  @Override
  public Engine getEngine() {
    return null;
  }
}
