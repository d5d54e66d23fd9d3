package dev.filigree.hosts;

import dev.filigree.agent.FiligreeAgent;

/** Uses DJL, then brings in the agent, twice, then uses the same block again. */
public final class SelfAttach {
  private SelfAttach() {}

  /** Runs it. */
  public static void main(String[] args) {
    Echo block = new Echo();
    Light.forward(block);
    System.out.println("host attaches");
    FiligreeAgent.attach();
    FiligreeAgent.attach();
    Light.forward(block);
    System.out.println("host done");
  }
}
