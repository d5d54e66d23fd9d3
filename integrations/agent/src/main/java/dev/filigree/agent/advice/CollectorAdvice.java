package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.implementation.bytecode.assign.Assigner;

/** {@code Trainer.newGradientCollector()}; what it returns may be wrapped. */
@SuppressWarnings("unused")
public final class CollectorAdvice {
  private CollectorAdvice() {}

  @Advice.OnMethodExit
  static void exit(
      @Advice.Origin Class<?> woven,
      @Advice.This Object trainer,
      @Advice.Return(readOnly = false, typing = Assigner.Typing.DYNAMIC) Object collector) {
    collector = Hook.collecting(woven, trainer, collector);
  }
}
