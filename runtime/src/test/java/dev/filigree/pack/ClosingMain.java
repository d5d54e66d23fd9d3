package dev.filigree.pack;

/** Looks at the memory of the process before and after a matrix of every format is closed. */
final class ClosingMain {
  private ClosingMain() {}

  public static void main(String[] args) {
    for (String format : Closing.formats()) {
      Closing.closeAndLook(format);
      System.out.println(format);
    }
  }
}
