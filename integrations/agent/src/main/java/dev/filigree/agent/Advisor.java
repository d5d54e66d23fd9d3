package dev.filigree.agent;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.asm.AsmVisitorWrapper;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.description.type.TypeDescription;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.DynamicType;
import net.bytebuddy.dynamic.TypeResolutionStrategy;
import net.bytebuddy.dynamic.VisibilityBridgeStrategy;
import net.bytebuddy.dynamic.scaffold.InstrumentedType;
import net.bytebuddy.dynamic.scaffold.MethodGraph;
import net.bytebuddy.dynamic.scaffold.TypeValidation;
import net.bytebuddy.implementation.Implementation;
import net.bytebuddy.matcher.ElementMatcher;
import net.bytebuddy.matcher.ElementMatchers;
import net.bytebuddy.pool.TypePool;

/**
 * Inlines the advice into one class file. Members, names and the class itself keep their shape, so
 * that a class which is loaded already can be retransformed.
 */
final class Advisor {
  private static final String PACKAGE = Advisor.class.getPackageName() + ".advice.";

  private final ClassFileLocator agentFiles =
      ClassFileLocator.ForClassLoader.of(Advisor.class.getClassLoader());
  private final TypePool agentTypes = TypePool.Default.of(agentFiles);
  private final Map<String, Advice> advice = new ConcurrentHashMap<>();
  private final ByteBuddy byteBuddy =
      new ByteBuddy()
          .with(TypeValidation.DISABLED)
          .with(MethodGraph.Compiler.ForDeclaredMethods.INSTANCE)
          .with(InstrumentedType.Factory.Default.FROZEN)
          .with(VisibilityBridgeStrategy.Default.NEVER)
          .with(Implementation.Context.Disabled.Factory.INSTANCE);

  /**
   * The woven class file.
   *
   * @param internalName of the class
   * @param facts what was read from {@code file}
   */
  byte[] weave(ClassLoader loader, String internalName, byte[] file, ClassFacts facts) {
    String name = internalName.replace('/', '.');
    ClassFileLocator files =
        new ClassFileLocator.Compound(
            ClassFileLocator.Simple.of(name, file), ClassFileLocator.ForClassLoader.of(loader));
    TypePool types = TypePool.Default.of(files);
    TypeDescription type = types.describe(name).resolve();
    DynamicType.Builder<?> builder = byteBuddy.decorate(type, files);
    for (WeavePoint p : WeavePoint.of(internalName)) {
      builder = builder.visit(on(p.advice, p.method, p.descriptor));
    }
    if (facts.labels() && !facts.isInterface()) {
      builder = builder.visit(on("LabelsAdvice", "forward", WeavePoint.LABELS_DESCRIPTOR));
    }
    if (facts.owner()) {
      builder = builder.visit(on("ConstructedAdvice", ElementMatchers.isConstructor()));
    }
    if (!facts.factories().isEmpty()) {
      builder =
          builder.visit(
              on(
                  "ReturnedAdvice",
                  m -> facts.factories().contains(m.getInternalName() + m.getDescriptor())));
    }
    return builder.make(TypeResolutionStrategy.Disabled.INSTANCE, types).getBytes();
  }

  private AsmVisitorWrapper on(String adviceName, String method, String descriptor) {
    return on(
        adviceName,
        m -> m.getInternalName().equals(method) && m.getDescriptor().equals(descriptor));
  }

  private AsmVisitorWrapper on(
      String adviceName, ElementMatcher<? super MethodDescription> methods) {
    AsmVisitorWrapper.ForDeclaredMethods.MethodVisitorWrapper inlined =
        advice.computeIfAbsent(
            adviceName, n -> Advice.to(agentTypes.describe(PACKAGE + n).resolve(), agentFiles));
    return new AsmVisitorWrapper.ForDeclaredMethods().invokable(methods, inlined);
  }
}
