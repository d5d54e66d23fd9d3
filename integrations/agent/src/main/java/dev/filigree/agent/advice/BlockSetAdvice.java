package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import net.bytebuddy.asm.Advice;

/** {@code BaseModel.setBlock(Block)}. */
@SuppressWarnings("unused")
public final class BlockSetAdvice {
  private BlockSetAdvice() {}

  @Advice.OnMethodExit
  static void exit(
      @Advice.Origin Class<?> woven, @Advice.This Object model, @Advice.Argument(0) Object block) {
    Hook.blockSet(woven, model, block);
  }
}
