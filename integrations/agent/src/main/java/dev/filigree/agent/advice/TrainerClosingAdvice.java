package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import net.bytebuddy.asm.Advice;

/** {@code Trainer.close()}. */
@SuppressWarnings("unused")
public final class TrainerClosingAdvice {
  private TrainerClosingAdvice() {}

  @Advice.OnMethodEnter
  static void enter(@Advice.Origin Class<?> woven, @Advice.This Object trainer) {
    Hook.trainerClosing(woven, trainer);
  }
}
