package dev.filigree.pack;

/** From the packaged jar: memory that is freed at once on JDK 25. */
class ClosingIT extends Closing {
  @org.junit.jupiter.api.Test
  void jdk25FreesAtOnce() {
    org.assertj.core.api.Assertions.assertThat(dev.filigree.kernel.OwnedMemory.isFreedAtOnce())
        .isEqualTo(Runtime.version().feature() >= 25);
  }
}
