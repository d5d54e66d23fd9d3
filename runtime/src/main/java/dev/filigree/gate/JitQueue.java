package dev.filigree.gate;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;
import javax.management.RuntimeMBeanException;

/**
 * Whether the JVM is still compiling kernels. What is timed until then is not what will run: on a
 * kernel's first use the compiler takes a second or more, at a fiftieth of the speed, in which
 * times stand still for a while and look settled.
 */
final class JitQueue {
  private static final String COMMANDS = "com.sun.management:type=DiagnosticCommand";
  private static final String OURS = "dev.filigree.";
  private static final String VECTORS = "jdk.incubator.vector.";

  private JitQueue() {}

  /**
   * Whether a kernel is being compiled or waits for it; takes a fraction of a millisecond. False on
   * JVMs that do not say.
   */
  static boolean isBusy() {
    try {
      MBeanServer server = ManagementFactory.getPlatformMBeanServer();
      Object queue =
          server.invoke(new ObjectName(COMMANDS), "compilerQueue", new Object[0], new String[0]);
      return mentionsKernels(String.valueOf(queue));
    } catch (MalformedObjectNameException e) {
      throw new IllegalStateException(e);
    } catch (JMException | RuntimeMBeanException e) {
      // Another kind of JVM; the times themselves have to say when they have settled.
      return false;
    }
  }

  static boolean mentionsKernels(String queue) {
    return queue.contains(OURS) || queue.contains(VECTORS);
  }
}
