package dev.filigree.agent.advice;

import dev.filigree.agent.hook.Hook;
import java.util.List;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.implementation.bytecode.assign.Assigner;

/** {@code forward(ParameterStore, NDList, NDList, PairList)}, wherever it is declared. */
@SuppressWarnings({"unused", "ParameterName"})
public final class LabelsAdvice {
  private LabelsAdvice() {}

  @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class)
  static Object enter(
      @Advice.Origin Class<?> woven,
      @Advice.This Object block,
      @Advice.Argument(value = 0, readOnly = false, typing = Assigner.Typing.DYNAMIC) Object store,
      @Advice.Argument(1) Object inputs,
      @Advice.Argument(3) Object parameters) {
    Object decision = Hook.enterLabels(woven, block, store, inputs, parameters);
    if (decision == null || decision instanceof List) {
      return decision; // null: the body runs; an NDList: it is skipped
    }
    store = decision;
    return null;
  }

  @Advice.OnMethodExit(onThrowable = Throwable.class, backupArguments = false)
  static void exit(
      @Advice.Origin Class<?> woven,
      @Advice.This Object block,
      @Advice.Enter Object answer,
      @Advice.Return(readOnly = false, typing = Assigner.Typing.DYNAMIC) Object returned) {
    if (answer != null) {
      returned = answer;
    }
    Hook.exitLabels(woven, block);
  }
}
