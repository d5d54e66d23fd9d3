package dev.filigree.hosts;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;

/** Forward passes of blocks without parameters: no engine, quick to start. */
public final class Light {
  private Light() {}

  /** One good and one failing pass of an {@link Echo}, or with {@code plain} of a {@link Plain}. */
  public static void main(String[] args) {
    boolean plain = args.length > 0 && args[0].equals("plain");
    Block block = plain ? new Plain() : echo();
    System.out.println("host threads " + System.getProperty("filigree.threads"));
    forward(block);
    if (!plain) {
      try {
        block.forward(new ParameterStore(), new NDList(), false);
      } catch (IllegalStateException e) {
        System.out.println("host caught " + e.getStackTrace()[0].getMethodName());
      }
    }
    System.out.println("host done");
  }

  // Apart, so that nothing loads the class where it is not wanted.
  private static Block echo() {
    return new Echo();
  }

  /** One forward pass, and one with labels. */
  @SuppressWarnings("ReferenceEquality") // the very same list must come back
  static void forward(Block block) {
    NDList inputs = new NDList((NDArray) null);
    ParameterStore store = new ParameterStore();
    boolean same = block.forward(store, inputs, false) == inputs;
    boolean sameWithLabels = block.forward(store, inputs, inputs, null) == inputs;
    System.out.println("host echoed " + same + " " + sameWithLabels);
  }
}
