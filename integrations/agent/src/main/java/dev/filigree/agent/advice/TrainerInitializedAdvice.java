package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import net.bytebuddy.asm.Advice;

/** {@code Trainer.initialize(Shape...)}. */
@SuppressWarnings("unused")
public final class TrainerInitializedAdvice {
  private TrainerInitializedAdvice() {}

  @Advice.OnMethodExit
  static void exit(@Advice.Origin Class<?> woven, @Advice.This Object trainer) {
    Hook.trainerInitialized(woven, trainer);
  }
}
