package dev.filigree.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Splits, shuffling and what a data directory must hold. */
final class DigitDataTest {
  @TempDir private Path directory;

  @Test
  void drawnSplitsShareNoImage() {
    DigitData data = DigitData.drawn(5, 1500, 500);
    assertThat(data.train().size()).isEqualTo(500);
    assertThat(data.validation().size()).isEqualTo(DigitData.VALIDATION);
    assertThat(data.test().size()).isEqualTo(500);
    Set<ByteBuffer> seen = new HashSet<>();
    for (Digits part : new Digits[] {data.train(), data.validation(), data.test()}) {
      for (int i = 0; i < part.size(); i++) {
        assertThat(seen.add(ByteBuffer.wrap(part.slice(i, i + 1).pixels()))).isTrue();
      }
    }
  }

  @Test
  void filesInDigitOrderAreShuffledBeforeTheSplit() {
    Digits drawn = new DigitGenerator(1).draw(0, 2000);
    Integer[] order = new Integer[drawn.size()];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Byte.compare(drawn.labels()[a], drawn.labels()[b]));
    byte[] pixels = new byte[drawn.pixels().length];
    byte[] labels = new byte[drawn.size()];
    for (int i = 0; i < order.length; i++) {
      System.arraycopy(
          drawn.pixels(), order[i] * Digits.PIXELS, pixels, i * Digits.PIXELS, Digits.PIXELS);
      labels[i] = drawn.labels()[order[i]];
    }
    IdxFiles.directory(directory, new Digits(pixels, labels), drawn.slice(0, 10));
    DigitData data = DigitData.read(directory, 0);
    assertThat(counts(data.validation())).allSatisfy(n -> assertThat(n).isBetween(60, 140));
    assertThat(counts(data.train())).allSatisfy(n -> assertThat(n).isBetween(60, 140));
    assertThat(DigitData.read(directory, 0).train().labels()).isEqualTo(data.train().labels());
    assertThat(DigitData.read(directory, 1).train().labels()).isNotEqualTo(data.train().labels());
  }

  @Test
  void imagesKeepTheirLabelsWhenShuffled() {
    Digits drawn = new DigitGenerator(1).draw(0, 50);
    Digits shuffled = drawn.shuffled(9);
    for (int i = 0; i < 50; i++) {
      boolean found = false;
      for (int j = 0; j < 50; j++) {
        if (Arrays.equals(shuffled.image(i), drawn.image(j))) {
          assertThat(shuffled.labels()[i]).isEqualTo(drawn.labels()[j]);
          found = true;
        }
      }
      assertThat(found).isTrue();
    }
  }

  @Test
  void everyMissingFileIsNamed() throws IOException {
    Digits drawn = new DigitGenerator(1).draw(0, 1100);
    IdxFiles.directory(directory, drawn, drawn.slice(0, 10));
    for (String name :
        new String[] {
          "train10k-images-idx3-ubyte.gz",
          "train10k-labels-idx1-ubyte.gz",
          "t10k-images-idx3-ubyte.gz",
          "t10k-labels-idx1-ubyte.gz"
        }) {
      Path file = directory.resolve(name);
      byte[] content = Files.readAllBytes(file);
      Files.delete(file);
      assertThatThrownBy(() -> DigitData.read(directory, 0))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0601")
          .hasMessageContaining("no " + name);
      Files.write(file, content);
    }
  }

  @Test
  void tooFewImagesAreRefused() {
    Digits drawn = new DigitGenerator(1).draw(0, 1099);
    IdxFiles.directory(directory, drawn, drawn.slice(0, 10));
    assertThatThrownBy(() -> DigitData.read(directory, 0))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0606")
        .hasMessageContaining("1099");
  }

  @Test
  void realDigitsAreRead() {
    Path real = shared();
    if (real == null) {
      System.out.println(
          "SKIPPED: no directory named shared/data beside the repository, real digits not tested");
    }
    assumeThat(real).as("shared/data beside the repository").isNotNull();
    DigitData data = DigitData.read(real, 0);
    assertThat(data.train().size()).isEqualTo(9000);
    assertThat(data.validation().size()).isEqualTo(1000);
    assertThat(data.test().size()).isEqualTo(10_000);
    assertThat(counts(data.validation())).allSatisfy(n -> assertThat(n).isBetween(60, 140));
  }

  private static Path shared() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path data = at.resolve("shared").resolve("data");
      if (Files.isRegularFile(data.resolve("t10k-images-idx3-ubyte.gz"))) {
        return data;
      }
    }
    return null;
  }

  private static Integer[] counts(Digits digits) {
    Integer[] counts = new Integer[Digits.CLASSES];
    Arrays.fill(counts, 0);
    for (byte label : digits.labels()) {
      counts[label]++;
    }
    return counts;
  }
}
