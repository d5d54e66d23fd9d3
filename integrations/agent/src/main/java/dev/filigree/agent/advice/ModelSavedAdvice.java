package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import java.nio.file.Path;
import net.bytebuddy.asm.Advice;

/** {@code BaseModel.save(Path, String)}. */
@SuppressWarnings("unused")
public final class ModelSavedAdvice {
  private ModelSavedAdvice() {}

  @Advice.OnMethodExit
  static void exit(
      @Advice.Origin Class<?> woven,
      @Advice.This Object model,
      @Advice.Argument(0) Path directory,
      @Advice.Argument(1) String name) {
    Hook.modelSaved(woven, model, directory, name);
  }
}
