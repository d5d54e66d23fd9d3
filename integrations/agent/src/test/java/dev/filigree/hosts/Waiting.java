package dev.filigree.hosts;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** Uses DJL once for every line on standard input. */
public final class Waiting {
  private Waiting() {}

  /** Runs it until the input ends. */
  public static void main(String[] args) throws IOException {
    Echo block = new Echo();
    Light.forward(block);
    System.out.println("host ready");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    while (in.readLine() != null) {
      Light.forward(block);
      System.out.println("host forwarded");
    }
    System.out.println("host done");
  }
}
