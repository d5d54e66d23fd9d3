package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import net.bytebuddy.asm.Advice;

/** {@code Trainer.step()}; a step that throws has no exit. */
@SuppressWarnings("unused")
public final class StepAdvice {
  private StepAdvice() {}

  @Advice.OnMethodEnter
  static void enter(@Advice.Origin Class<?> woven, @Advice.This Object trainer) {
    Hook.enterStep(woven, trainer);
  }

  @Advice.OnMethodExit
  static void exit(@Advice.Origin Class<?> woven, @Advice.This Object trainer) {
    Hook.exitStep(woven, trainer);
  }
}
