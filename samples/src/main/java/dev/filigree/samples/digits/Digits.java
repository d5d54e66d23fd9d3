package dev.filigree.samples.digits;

import java.util.SplittableRandom;

/**
 * Labelled grey images of handwritten digits, 28 by 28.
 *
 * @param pixels one byte per pixel, 0 background to 255 ink, row by row, image after image
 * @param labels the digit of each image, 0 to 9
 */
@SuppressWarnings("ArrayRecordComponent") // package-private and never compared
record Digits(byte[] pixels, byte[] labels) {

  /** Pixels of one side of an image. */
  static final int SIDE = 28;

  /** Pixels of one image. */
  static final int PIXELS = SIDE * SIDE;

  /** Number of classes. */
  static final int CLASSES = 10;

  /** Number of images. */
  int size() {
    return labels.length;
  }

  /** Images [from, to), copied. */
  Digits slice(int from, int to) {
    byte[] p = new byte[(to - from) * PIXELS];
    byte[] l = new byte[to - from];
    System.arraycopy(pixels, from * PIXELS, p, 0, p.length);
    System.arraycopy(labels, from, l, 0, l.length);
    return new Digits(p, l);
  }

  /** The same images in an order that depends only on the seed. */
  Digits shuffled(long seed) {
    int[] order = permutation(size(), seed);
    byte[] p = new byte[pixels.length];
    byte[] l = new byte[labels.length];
    for (int i = 0; i < order.length; i++) {
      System.arraycopy(pixels, order[i] * PIXELS, p, i * PIXELS, PIXELS);
      l[i] = labels[order[i]];
    }
    return new Digits(p, l);
  }

  /** Image i as floats from 0 to 1. */
  float[] image(int i) {
    float[] out = new float[PIXELS];
    for (int p = 0; p < PIXELS; p++) {
      out[p] = (pixels[i * PIXELS + p] & 0xff) / 255f;
    }
    return out;
  }

  /** All images as floats from 0 to 1, [size, PIXELS]. */
  float[] floats() {
    float[] out = new float[pixels.length];
    for (int p = 0; p < out.length; p++) {
      out[p] = (pixels[p] & 0xff) / 255f;
    }
    return out;
  }

  /** The digits as floats, as DJL's cross entropy takes them. */
  float[] floatLabels() {
    float[] out = new float[labels.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = labels[i];
    }
    return out;
  }

  /** 0 to n-1 in an order that depends only on n and the seed (Fisher-Yates). */
  static int[] permutation(int n, long seed) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = n - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int t = order[i];
      order[i] = order[j];
      order[j] = t;
    }
    return order;
  }
}
