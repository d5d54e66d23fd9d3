package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import net.bytebuddy.asm.Advice;

/** Constructors of a class that carries annotations. */
@SuppressWarnings("unused")
public final class ConstructedAdvice {
  private ConstructedAdvice() {}

  @Advice.OnMethodExit
  static void exit(@Advice.Origin Class<?> woven, @Advice.This Object owner) {
    Hook.constructed(woven, owner);
  }
}
