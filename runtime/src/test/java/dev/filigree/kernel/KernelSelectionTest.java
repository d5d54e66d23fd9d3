package dev.filigree.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
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

  @Test
  void kernelsThatAnswerWronglyAreRefused() {
    for (String method :
        new String[] {
          "denseGemv",
          "columnsGemv",
          "columnsGemm4",
          "bitmapGemv",
          "bitmapGemm4",
          "csrGemv",
          "sellGemv"
        }) {
      assertThat(KernelSelection.passing(() -> wrong(method))).as(method).isNull();
    }
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

  /** Plain kernels whose given method adds one to the first output. */
  private static Kernels wrong(String wrong) {
    Kernels plain = new PlainKernels();
    return (Kernels)
        Proxy.newProxyInstance(
            Kernels.class.getClassLoader(),
            new Class<?>[] {Kernels.class},
            (proxy, method, args) -> {
              Object result = invoke(plain, method, args);
              if (method.getName().equals(wrong)) {
                ByteBuffer y = (ByteBuffer) args[args.length - 4];
                y.putFloat(0, y.getFloat(0) + 1);
              }
              return result;
            });
  }

  private static Object invoke(Kernels on, java.lang.reflect.Method method, Object[] args)
      throws Throwable {
    try {
      return method.invoke(on, args);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
