package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import net.bytebuddy.asm.Advice;

/** {@code BaseModel.close()}. */
@SuppressWarnings("unused")
public final class ModelClosingAdvice {
  private ModelClosingAdvice() {}

  @Advice.OnMethodEnter
  static void enter(@Advice.Origin Class<?> woven, @Advice.This Object model) {
    Hook.modelClosing(woven, model);
  }
}
