package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import net.bytebuddy.asm.Advice;

/** {@code EasyTrain.fit(Trainer, int, Dataset, Dataset)}. */
@SuppressWarnings("unused")
public final class FitAdvice {
  private FitAdvice() {}

  @Advice.OnMethodEnter
  static void enter(
      @Advice.Origin Class<?> woven,
      @Advice.Argument(0) Object trainer,
      @Advice.Argument(1) int epochs,
      @Advice.Argument(2) Object training) {
    Hook.fitStarting(woven, trainer, epochs, training);
  }
}
