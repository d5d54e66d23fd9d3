package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.implementation.bytecode.assign.Assigner;

/** An annotated factory method. */
@SuppressWarnings("unused")
public final class ReturnedAdvice {
  private ReturnedAdvice() {}

  @Advice.OnMethodExit
  static void exit(
      @Advice.Origin Class<?> woven,
      @Advice.Origin("#m") String method,
      @Advice.Origin("#d") String descriptor,
      @Advice.Return(typing = Assigner.Typing.DYNAMIC) Object result) {
    Hook.returned(woven, method, descriptor, result);
  }
}
