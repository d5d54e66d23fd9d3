package dev.filigree.agent;

import dev.filigree.agent.AttachMain.AttachFailure;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The Filigree agent: {@code java -javaagent:filigree-agent.jar[=key=value,...]}, or {@link
 * #attach()} early in a program, or {@code Launcher-Agent-Class: dev.filigree.agent.FiligreeAgent}
 * in the manifest of an executable jar, or {@link #attach(long, Map)} from another process.
 *
 * <p>The keys are those of {@link Setting}. Everything the agent says is on standard error; it
 * never stops the host program.
 */
public final class FiligreeAgent {
  private static final String BYTE_BUDDY_SAFE_MODE = "net.bytebuddy.safe"; // relocated with it
  private static final Object ATTACHING = new Object();

  private FiligreeAgent() {}

  /** Called by the JVM before the program starts. */
  public static void premain(String arguments, Instrumentation instrumentation) {
    start(arguments, instrumentation, false);
  }

  /** Called by the JVM when the agent comes to a running program. */
  public static void agentmain(String arguments, Instrumentation instrumentation) {
    start(arguments, instrumentation, true);
  }

  /**
   * Brings the agent into this JVM. Models that are alive already are bound at their next forward
   * pass. Does nothing if the agent is here.
   *
   * @throws FiligreeException FIL-0508 where this JVM cannot be attached to
   */
  public static void attach() {
    // Not the lock of this class: the agent's start, in another thread of this JVM, takes that one.
    synchronized (ATTACHING) {
      if (!Bootstrap.done()) {
        attachHere();
      }
    }
  }

  private static void attachHere() {
    Path jar = AgentJar.path();
    try {
      Path reply = AgentFiles.temporary("reply", new byte[0]);
      AttachProcess.attach(
          ProcessHandle.current().pid(), jar, AgentArguments.format(Map.of(), reply));
    } catch (IOException | AttachFailure e) {
      throw new FiligreeException(e, Message.FIL_0508, e.getMessage(), jar);
    }
  }

  /**
   * Brings the agent into a running JVM of the same user.
   *
   * @param pid process id
   * @param options keys of {@link Setting} with values; {@code dry-run=true} reports what would be
   *     bound and changes nothing
   * @return what the agent said there, line by line
   * @throws FiligreeException FIL-0503 for an unknown option, FIL-0507 where that process cannot be
   *     attached to
   */
  public static List<String> attach(long pid, Map<String, String> options) {
    AgentArguments.format(options, Path.of("unused"));
    Path jar = AgentJar.path();
    try {
      Path reply = AgentFiles.temporary("reply-" + pid, new byte[0]);
      String arguments = AgentArguments.format(options, reply);
      if (pid == ProcessHandle.current().pid()) {
        AttachProcess.attach(pid, jar, arguments);
      } else {
        AttachMain.load(Long.toString(pid), jar.toString(), arguments);
      }
      return Files.readAllLines(reply, StandardCharsets.UTF_8);
    } catch (IOException | AttachFailure e) {
      throw new FiligreeException(e, Message.FIL_0507, pid, e.getMessage());
    }
  }

  // The hook's types must not be touched before the hook is in the bootstrap search path: they
  // would be loaded here instead, a second time. So everything that names them is behind
  // AgentStart.
  private static synchronized void start(
      String arguments, Instrumentation instrumentation, boolean running) {
    try {
      Log log = new Log();
      AgentArguments parsed;
      try {
        parsed = AgentArguments.parse(arguments);
      } catch (FiligreeException e) {
        log.line(e.getMessage());
        return;
      }
      try {
        start(parsed, instrumentation, running, log);
      } catch (FiligreeException e) {
        log.line(e.getMessage());
      }
      if (parsed.reply().isPresent()) {
        Files.write(parsed.reply().get(), log.lines(), StandardCharsets.UTF_8);
      }
    } catch (Exception | LinkageError e) {
      // Not through Message: another version of that class may be the reason.
      System.err.println(
          "FIL-0513: The Filigree agent cannot start: "
              + e
              + ". The program runs as without Filigree.");
    }
  }

  private static void start(
      AgentArguments arguments, Instrumentation instrumentation, boolean running, Log log)
      throws IOException {
    if (Bootstrap.done() && !wantsDryRun(arguments)) {
      log.message(Message.FIL_0514);
      return;
    }
    if (wantsDryRun(arguments)) {
      prepareByteBuddy();
      DryRun.report(instrumentation, log);
      return;
    }
    arguments.apply();
    if (!Setting.ENABLED.isTrue()) {
      log.message(Message.FIL_0502);
      return;
    }
    prepareByteBuddy();
    Bootstrap.append(instrumentation);
    AgentStart.start(instrumentation, running, log);
  }

  private static boolean wantsDryRun(AgentArguments arguments) {
    String argument = arguments.settings().get(Setting.DRY_RUN);
    return argument == null ? Setting.DRY_RUN.isTrue() : Boolean.parseBoolean(argument);
  }

  /** Keeps Byte Buddy off sun.misc.Unsafe, which makes JDK 25 print warnings. */
  private static void prepareByteBuddy() {
    System.setProperty(BYTE_BUDDY_SAFE_MODE, "true");
  }
}
