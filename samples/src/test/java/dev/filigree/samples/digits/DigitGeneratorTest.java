package dev.filigree.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Drawn digits depend on the seed and nothing else. */
final class DigitGeneratorTest {

  @Test
  void theSameSeedDrawsTheSameImagesWhateverTheSplit() {
    Digits all = new DigitGenerator(7).draw(0, 60);
    Digits tail = new DigitGenerator(7).draw(40, 20);
    assertThat(tail.pixels()).isEqualTo(all.slice(40, 60).pixels());
    assertThat(tail.labels()).isEqualTo(all.slice(40, 60).labels());
  }

  @Test
  void anotherSeedDrawsOthers() {
    assertThat(new DigitGenerator(8).draw(0, 20).pixels())
        .isNotEqualTo(new DigitGenerator(7).draw(0, 20).pixels());
  }

  @Test
  void classesAreBalanced() {
    Digits digits = new DigitGenerator(0).draw(3, 1000);
    int[] counts = new int[Digits.CLASSES];
    for (byte label : digits.labels()) {
      counts[label]++;
    }
    assertThat(counts).containsOnly(100);
  }

  @Test
  void everyImageHasInkAndBackground() {
    Digits digits = new DigitGenerator(0).draw(0, 500);
    for (int i = 0; i < digits.size(); i++) {
      float[] image = digits.image(i);
      int inked = 0;
      for (float pixel : image) {
        assertThat(pixel).isBetween(0f, 1f);
        if (pixel > .5f) {
          inked++;
        }
      }
      assertThat(inked).as("inked pixels of image %s", i).isBetween(8, 450);
    }
  }

  @Test
  void digitsOfOneClassLookMoreAlikeThanOthers() {
    Digits digits = new DigitGenerator(0).draw(0, 2000);
    double[][] mean = new double[Digits.CLASSES][Digits.PIXELS];
    for (int i = 0; i < 1000; i++) {
      float[] image = digits.image(i);
      for (int p = 0; p < image.length; p++) {
        mean[digits.labels()[i]][p] += image[p] / 100;
      }
    }
    int right = 0;
    for (int i = 1000; i < 2000; i++) {
      float[] image = digits.image(i);
      double[] far = Arrays.stream(mean).mapToDouble(m -> distance(m, image)).toArray();
      int best = 0;
      for (int c = 1; c < far.length; c++) {
        best = far[c] < far[best] ? c : best;
      }
      right += best == digits.labels()[i] ? 1 : 0;
    }
    // Nearest class mean: far above the 100 of pure chance, far below what a network reaches.
    assertThat(right).isBetween(400, 900);
  }

  private static double distance(double[] mean, float[] image) {
    double sum = 0;
    for (int p = 0; p < image.length; p++) {
      sum += (mean[p] - image[p]) * (mean[p] - image[p]);
    }
    return sum;
  }
}
