package dev.filigree.pack;

import dev.filigree.kernel.KernelSelection;
import dev.filigree.linalg.GramEquivalence;

/** Runs the equivalence tests in a JVM without a test engine; ends with status 1 on a failure. */
final class EveryWidthMain extends KernelEquivalence {

  private EveryWidthMain() {}

  /** Takes the width that is wanted, in bit. */
  @SuppressWarnings("JUnitMethodInvoked") // a forked JVM has no test engine
  public static void main(String[] args) {
    System.err.println(KernelSelection.description());
    if (!KernelSelection.description().equals("vector, " + args[0] + " bit")) {
      System.exit(1);
    }
    startWorkers();
    EveryWidthMain tests = new EveryWidthMain();
    tests.everyBatch();
    tests.manyRows();
    tests.nonFiniteAndTinyNumbers();
    tests.removedWeightsDoNotMeetInfinities();
    tests.activeInputsOnly();
    tests.inputsInGroups();
    tests.wantedOutputsOnly();
    tests.everyLengthUpToThreeVectorsAndOddLargeOnes();
    endWorkers();
    Fused.run();
    new Attention().run();
    new Gram().everyWidthIsTheThreeLoops();
  }

  @SuppressWarnings("JUnitMethodInvoked") // a forked JVM has no test engine
  private static final class Attention extends AttentionEquivalence {

    void run() {
      everyHeadAndRange();
      scoresFarApart();
      notANumber();
    }
  }

  @SuppressWarnings("JUnitMethodInvoked") // a forked JVM has no test engine
  private static final class Fused extends FusedEquivalence {

    static void run() {
      startWorkers();
      Fused tests = new Fused();
      tests.activationsStayWithinTheStatedError();
      tests.activationsOfWhatIsNotFinite();
      tests.bitsOfAnActivationDoNotDependOnTheRange();
      tests.gatedFeedForward();
      tests.gatedUnitsAreSkipped();
      tests.inputsAreSkipped();
      endWorkers();
    }
  }

  private static final class Gram extends GramEquivalence {}
}
