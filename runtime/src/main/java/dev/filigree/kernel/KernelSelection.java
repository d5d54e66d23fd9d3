package dev.filigree.kernel;

import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;
import java.lang.System.Logger.Level;
import java.util.function.Supplier;

/** Which kernels this process uses: chosen once, at first use, after a self-test. */
public final class KernelSelection {
  private static final System.Logger LOG = System.getLogger("dev.filigree.kernel");

  private record Choice(Kernels kernels, boolean vector, String description) {}

  private static final class Holder {
    static final Choice CHOICE = choose();
  }

  private KernelSelection() {}

  /**
   * The kernels in force: the reference where {@link Setting#KERNELS} says so, else the vector
   * kernels where this JVM can run them and they pass their self-test, else plain Java loops.
   *
   * @throws dev.filigree.plan.FiligreeException FIL-0213 for an illegal setting
   */
  public static Kernels current() {
    return Holder.CHOICE.kernels;
  }

  /** Loops of the same kind as the kernels in force. */
  static ProbeLoops probe() {
    return Holder.CHOICE.vector ? VectorKernelsLookup.probe() : new PlainProbe();
  }

  /** Plain Java loops, which run everywhere; for comparisons. */
  public static Kernels plain() {
    return new PlainKernels();
  }

  /**
   * One line: which kernels run, how wide their vectors are, and what to add where a faster set was
   * not usable.
   */
  public static String description() {
    return Holder.CHOICE.description;
  }

  private static Choice choose() {
    Choice choice =
        Setting.KERNELS.get().equals("reference")
            ? new Choice(new ReferenceKernels(), false, new ReferenceKernels().name())
            : fastest(VectorKernelsLookup.missing(), VectorKernelsLookup::create);
    LOG.log(Level.DEBUG, () -> Message.FIL_0301.text(choice.description));
    return choice;
  }

  private static Choice fastest(String missing, Supplier<Kernels> vector) {
    return missing == null ? tested(vector) : plain(missing);
  }

  private static Choice tested(Supplier<Kernels> vector) {
    Kernels kernels = passing(vector);
    return kernels == null
        ? plain("the vector kernels failed their self-test")
        : new Choice(kernels, true, kernels.name());
  }

  private static Choice plain(String reason) {
    Kernels kernels = new PlainKernels();
    return new Choice(kernels, false, kernels.name() + " (" + reason + ")");
  }

  /**
   * The kernels, or null where they cannot be linked or answer wrongly; a warning FIL-0307 then
   * says why. An incubating API that changed shows only when its methods are called, so all are.
   */
  static Kernels passing(Supplier<Kernels> supplier) {
    String failure;
    try {
      Kernels kernels = supplier.get();
      failure = KernelSelfTest.failure(kernels);
      if (failure == null) {
        return kernels;
      }
    } catch (LinkageError | RuntimeException e) {
      failure = e.toString();
    }
    String found = failure;
    LOG.log(Level.WARNING, () -> Message.FIL_0307.text(found));
    return null;
  }
}
