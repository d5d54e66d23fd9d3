package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import net.bytebuddy.asm.Advice;

/** The constructor of {@code Trainer}. */
@SuppressWarnings("unused")
public final class TrainerCreatedAdvice {
  private TrainerCreatedAdvice() {}

  @Advice.OnMethodExit
  static void exit(@Advice.Origin Class<?> woven, @Advice.This Object trainer) {
    Hook.trainerCreated(woven, trainer);
  }
}
