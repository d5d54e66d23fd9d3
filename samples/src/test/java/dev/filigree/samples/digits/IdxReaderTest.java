package dev.filigree.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the reader gives back, and every way a file can be wrong. */
final class IdxReaderTest {
  private final Digits digits = new DigitGenerator(3).draw(0, 30);
  @TempDir private Path directory;
  private Path images;
  private Path labels;

  @BeforeEach
  void writeGoodFiles() {
    images = IdxFiles.images(directory.resolve("images.gz"), digits);
    labels = IdxFiles.labels(directory.resolve("labels.gz"), digits);
  }

  @Test
  void readsWhatWasWritten() {
    Digits read = IdxReader.read(images, labels);
    assertThat(read.pixels()).isEqualTo(digits.pixels());
    assertThat(read.labels()).isEqualTo(digits.labels());
  }

  @Test
  void refusesTruncatedGzip() throws IOException {
    IdxFiles.cut(images, Files.size(images) / 2);
    refused(images, "truncated");
  }

  @Test
  void refusesFewerImagesThanAnnounced() {
    IdxFiles.write(images, digits.slice(0, 29).pixels(), 2051, 30, 28, 28);
    refused(images, "29 of the 30");
  }

  @Test
  void refusesBytesAfterTheEnd() {
    IdxFiles.write(images, digits.pixels(), 2051, 29, 28, 28);
    refused(images, "bytes follow the 29");
  }

  @Test
  void refusesHeaderThatEndsEarly() {
    IdxFiles.write(images, new byte[0], 2051, 30);
    refused(images, "truncated");
  }

  @Test
  void refusesWrongMagic() {
    IdxFiles.write(images, digits.pixels(), 2052, 30, 28, 28);
    refused(images, "magic number is 2052");
    assertThatThrownBy(() -> IdxReader.read(labels, labels))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("magic number is 2049");
  }

  @Test
  void refusesOtherImageSizes() {
    IdxFiles.write(images, digits.pixels(), 2051, 30, 56, 14);
    refused(images, "56 by 14");
  }

  @Test
  void refusesCountsThatCannotBe() {
    IdxFiles.write(images, digits.pixels(), 2051, -1, 28, 28);
    refused(images, "-1 items");
    IdxFiles.write(images, digits.pixels(), 2051, Integer.MAX_VALUE, 28, 28);
    refused(images, Integer.MAX_VALUE + " items");
  }

  @Test
  void doesNotAllocateWhatALyingHeaderClaims() {
    int claimed = Integer.MAX_VALUE / Digits.PIXELS - 1;
    IdxFiles.write(images, digits.pixels(), 2051, claimed, 28, 28);
    refused(images, "30 of the " + claimed);
  }

  @Test
  void refusesPlainFile() throws IOException {
    Files.write(images, new byte[] {0, 0, 8, 3, 0, 0, 0, 1});
    refused(images, "not a gzip file");
  }

  @Test
  void refusesDirectory() throws IOException {
    Files.delete(images);
    Files.createDirectory(images);
    refused(images, "cannot be read");
  }

  @Test
  void refusesLabelsThatAreNoDigits() {
    byte[] bad = digits.labels().clone();
    bad[7] = (byte) 200;
    IdxFiles.write(labels, bad, 2049, 30);
    refused(labels, "label 7 is 200");
  }

  @Test
  void refusesDifferentCounts() {
    IdxFiles.labels(labels, digits.slice(0, 20));
    assertThatThrownBy(() -> IdxReader.read(images, labels))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0603")
        .hasMessageContaining("30 images")
        .hasMessageContaining("20 labels")
        .hasMessageContaining(images.toString())
        .hasMessageContaining(labels.toString());
  }

  private void refused(Path file, String why) {
    assertThatThrownBy(() -> IdxReader.read(images, labels))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContaining("FIL-0602")
        .hasMessageContaining(file.toString())
        .hasMessageContaining(why);
  }
}
