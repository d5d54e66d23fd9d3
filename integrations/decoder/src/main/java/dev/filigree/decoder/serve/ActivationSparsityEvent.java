package dev.filigree.decoder.serve;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Percentage;
import jdk.jfr.StackTrace;

/** What a block skipped lately, for Java Flight Recorder. */
@Name(ActivationSparsityEvent.NAME)
@Label("Activation Sparsity")
@Description("Planned against realised activation sparsity of one block of a decoder")
@Category("Filigree")
@StackTrace(false)
final class ActivationSparsityEvent extends Event {
  static final String NAME = "dev.filigree.ActivationSparsity";

  @Label("Method")
  String method;

  @Label("Layer")
  int layer;

  @Percentage
  @Label("Planned")
  double planned;

  @Percentage
  @Label("Realised")
  double realised;

  @Label("Tokens")
  @Description("Tokens since the last event of this block")
  int tokens;

  /** Whether this JVM has the flight recorder at all. */
  static boolean isAvailable() {
    return ModuleLayer.boot().findModule("jdk.jfr").isPresent();
  }
}
