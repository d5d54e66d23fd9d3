package dev.filigree.agent;

import dev.filigree.agent.hook.Handler;
import java.io.IOException;
import java.lang.invoke.MethodType;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import net.bytebuddy.jar.asm.ClassReader;
import net.bytebuddy.jar.asm.ClassVisitor;
import net.bytebuddy.jar.asm.MethodVisitor;
import net.bytebuddy.utility.OpenedClassReader;

/** Defines the bridge again where both DJL and Filigree are visible. */
final class BridgeLoader extends ClassLoader {
  /** The class that the bridge calls. */
  static final String WOVEN_CALLS = "dev.filigree.djl.weave.WovenCalls";

  private static final String PACKAGE = "dev.filigree.agent.bridge.";
  private static final String BRIDGE = PACKAGE + "WovenBridge";
  private static final String HOOK = Handler.class.getPackageName() + ".";

  static {
    registerAsParallelCapable();
  }

  /** A loader below one that sees DJL and Filigree. */
  BridgeLoader(ClassLoader parent) {
    super("filigree-bridge", parent);
  }

  /**
   * A new bridge.
   *
   * @throws ReflectiveOperationException if it cannot be made
   * @throws LinkageError if that Filigree lacks a method the bridge calls, or cannot be initialised
   */
  Handler bridge() throws ReflectiveOperationException, IOException {
    check(loadClass(WOVEN_CALLS));
    return loadClass(BRIDGE).asSubclass(Handler.class).getConstructor().newInstance();
  }

  /** A missing method must be found now, not when a forward pass first calls it. */
  private static void check(Class<?> wovenCalls) throws IOException {
    Set<String> missing = required();
    missing.removeAll(
        Arrays.stream(wovenCalls.getMethods())
            .map(
                m ->
                    m.getName()
                        + MethodType.methodType(m.getReturnType(), m.getParameterTypes())
                            .toMethodDescriptorString())
            .collect(Collectors.toSet()));
    if (!missing.isEmpty()) {
      throw new NoSuchMethodError("another version of Filigree, without " + missing);
    }
  }

  private static Set<String> required() throws IOException {
    Set<String> out = new TreeSet<>();
    String owner = WOVEN_CALLS.replace('.', '/');
    ClassVisitor visitor =
        new ClassVisitor(OpenedClassReader.ASM_API) {
          @Override
          public MethodVisitor visitMethod(
              int access, String name, String descriptor, String signature, String[] exceptions) {
            return new MethodVisitor(OpenedClassReader.ASM_API) {
              @Override
              public void visitMethodInsn(
                  int opcode, String callee, String called, String type, boolean isInterface) {
                if (callee.equals(owner)) {
                  out.add(called + type);
                }
              }
            };
          }
        };
    OpenedClassReader.of(AgentFiles.read(file(BRIDGE))).accept(visitor, ClassReader.SKIP_DEBUG);
    return out;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (name.startsWith(HOOK)) {
      return Class.forName(name, false, null);
    }
    if (!name.startsWith(PACKAGE)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> c = findLoadedClass(name);
      return c != null ? c : define(name);
    }
  }

  private Class<?> define(String name) throws ClassNotFoundException {
    try {
      byte[] file = AgentFiles.read(file(name));
      return defineClass(name, file, 0, file.length);
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  private static String file(String className) {
    return className.replace('.', '/') + ".class";
  }
}
