package dev.filigree.djl.weave;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Dataset;
import ai.djl.util.PairList;
import java.nio.file.Files;
import java.nio.file.Path;

/** Stands in for the real one: tells on standard output what was called. */
public final class WovenCalls {
  private static final String ANSWER = System.getProperty("fake.answer", "");
  private static final String STORE = System.getProperty("fake.store", "");

  private WovenCalls() {}

  public static Object enterForward(
      Block block, ParameterStore store, NDList in, boolean training, PairList<String, Object> p) {
    String name = block.getClass().getSimpleName();
    say("enter " + name + " training=" + training + (store instanceof Other ? " other" : ""));
    if (name.equals(ANSWER)) {
      return new NDList(in.head().getManager().ones(new ai.djl.ndarray.types.Shape(1, 77)));
    }
    return name.equals(STORE) ? new Other(store) : null;
  }

  public static void exitForward(Block block) {
    say("exit " + block.getClass().getSimpleName());
  }

  public static GradientCollector collecting(Trainer t, GradientCollector collector) {
    say("collecting " + t.getModel().getName());
    return collector;
  }

  public static void enterStep(Trainer t) {
    say("enterStep");
  }

  public static void exitStep(Trainer t) {
    say("exitStep");
  }

  public static void trainerCreated(Trainer t) {
    say("trainerCreated " + (t.getLoss() != null));
  }

  public static void trainerInitialized(Trainer t) {
    say("trainerInitialized " + t.getModel().getBlock().isInitialized());
  }

  public static void modelSaved(Model m, Path directory, String name) {
    say("modelSaved " + Files.exists(directory.resolve(name + "-0000.params")));
  }

  public static void trainerClosing(Trainer t) {
    say("trainerClosing " + t.getManager().isOpen());
  }

  public static void fitStarting(Trainer t, int epochs, Dataset training) {
    say("fitStarting " + epochs + " " + training.getClass().getSimpleName());
  }

  public static void blockSet(Model m, Block b) {
    say("blockSet " + (m.getBlock() == b));
  }

  public static void predictorCreated(Model m) {
    say("predictorCreated " + m.getName());
  }

  public static void modelClosing(Model m) {
    say("modelClosing " + m.getNDManager().isOpen());
  }

  public static void constructed(Object owner) {
    say("constructed " + owner.getClass().getSimpleName());
  }

  public static Object returned(Class<?> owner, String method, String descriptor, Object result) {
    say("returned " + owner.getSimpleName() + "." + method + descriptor + " " + (result instanceof Block));
    return result;
  }

  public static String kernels() {
    return "fake " + System.getProperty("java.specification.version");
  }

  private static void say(String what) {
    System.out.println("call " + what);
  }

  private static final class Other extends ParameterStore {
    private final ParameterStore inner;

    Other(ParameterStore inner) {
      super(inner.getManager(), false);
      this.inner = inner;
    }

    @Override
    public ai.djl.ndarray.NDArray getValue(ai.djl.nn.Parameter p, ai.djl.Device d, boolean t) {
      return inner.getValue(p, d, t);
    }
  }
}
