package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import net.bytebuddy.asm.Advice;

/** The constructor {@code Predictor(Model, Translator, Device, boolean)}. */
@SuppressWarnings("unused")
public final class PredictorCreatedAdvice {
  private PredictorCreatedAdvice() {}

  @Advice.OnMethodExit
  static void exit(@Advice.Origin Class<?> woven, @Advice.Argument(0) Object model) {
    Hook.predictorCreated(woven, model);
  }
}
