package dev.filigree.agent;

import com.sun.tools.attach.AgentInitializationException;
import com.sun.tools.attach.AgentLoadException;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;

/**
 * Loads the agent into another JVM. It needs the module {@code jdk.attach} and nothing else of
 * ours; as a program it is the helper process of a self-attach, which a JVM must not do itself.
 */
public final class AttachMain {
  private AttachMain() {}

  /**
   * Attaches.
   *
   * @param arguments process id, agent jar, agent arguments
   */
  public static void main(String[] arguments) {
    try {
      load(arguments[0], arguments[1], arguments[2]);
    } catch (AttachFailure e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  /**
   * Loads the agent into a process and waits until its start is over.
   *
   * @throws AttachFailure saying why it is not possible
   */
  static void load(String pid, String jar, String arguments) throws AttachFailure {
    try {
      VirtualMachine machine = VirtualMachine.attach(pid);
      try {
        machine.loadAgent(jar, arguments);
      } finally {
        machine.detach();
      }
    } catch (AttachNotSupportedException
        | AgentLoadException
        | AgentInitializationException
        | IOException e) {
      throw new AttachFailure(e.getMessage() == null ? e.toString() : e.getMessage(), e);
    } catch (NoClassDefFoundError e) {
      throw new AttachFailure("this Java has no module jdk.attach; use a JDK", e);
    }
  }

  /** Why a process cannot be attached to. */
  static final class AttachFailure extends Exception {
    private static final long serialVersionUID = 1L;

    AttachFailure(String reason, Throwable cause) {
      super(reason, cause);
    }
  }
}
