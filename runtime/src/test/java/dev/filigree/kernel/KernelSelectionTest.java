package dev.filigree.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelSelectionTest {

  @Test
  void classFoldersHavePlainKernels() {
    assertThat(KernelSelection.current().name()).isEqualTo("plain Java loops");
    assertThat(KernelSelection.description()).startsWith("plain Java loops (");
  }

  @Test
  void kernelsThatPassTheSelfTestAreTaken() {
    Kernels plain = new PlainKernels();
    assertThat(KernelSelection.passing(() -> plain)).isSameAs(plain);
  }

  @Test
  void kernelsThatCannotBeLinkedAreRefused() {
    assertThat(
            KernelSelection.passing(
                () -> {
                  throw new NoSuchMethodError("fromMemorySegment");
                }))
        .isNull();
    assertThat(KernelSelection.passing(failing(new NoSuchMethodError("in the middle")))).isNull();
  }

  /** Every product of every format is in the self-test, also those that are added later. */
  @Test
  void kernelsThatAnswerWronglyAreRefused() {
    int products = 0;
    for (Method format : formats()) {
      for (Method product : format.getReturnType().getMethods()) {
        if (Modifier.isStatic(product.getModifiers())) {
          continue;
        }
        String name = format.getName() + "." + product.getName();
        assertThat(KernelSelection.passing(() -> wrong(name))).as(name).isNull();
        products++;
      }
    }
    assertThat(products).isGreaterThan(8);
  }

  private static List<Method> formats() {
    return Arrays.stream(Kernels.class.getMethods())
        .filter(m -> m.getReturnType().isInterface())
        .toList();
  }

  private static java.util.function.Supplier<Kernels> failing(Error error) {
    return () ->
        (Kernels)
            Proxy.newProxyInstance(
                Kernels.class.getClassLoader(),
                new Class<?>[] {Kernels.class},
                (proxy, method, args) -> {
                  throw error;
                });
  }

  /** Plain kernels one product of which, named format.product, adds one to the first output. */
  private static Kernels wrong(String wrong) {
    Kernels plain = new PlainKernels();
    return proxy(
        Kernels.class,
        (proxy, method, args) -> {
          Object result = invoke(plain, method, args);
          return method.getReturnType().isInterface() ? products(method, result, wrong) : result;
        });
  }

  private static Object products(Method format, Object plain, String wrong) {
    return proxy(
        format.getReturnType(),
        (proxy, method, args) -> {
          Object result = invoke(plain, method, args);
          if (wrong.equals(format.getName() + "." + method.getName())) {
            addOne(args);
          }
          return result;
        });
  }

  /** The output is the last buffer or array. */
  private static void addOne(Object[] args) {
    for (int i = args.length - 1; i >= 0; i--) {
      if (args[i] instanceof float[] tile) {
        tile[0]++;
        return;
      }
      if (args[i] instanceof double[][] rows) {
        rows[0][0]++;
        return;
      }
      if (args[i] instanceof ByteBuffer y) {
        y.putFloat(0, y.getFloat(0) + 1);
        return;
      }
    }
    throw new IllegalArgumentException("no output");
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private static Object invoke(Object on, Method method, Object[] args) throws Throwable {
    try {
      return method.invoke(on, args);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
