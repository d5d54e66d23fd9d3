package dev.filigree.decoder.model;

import java.util.Locale;

/** Which two components of a head are rotated together. */
public enum RopeLayout {
  /** 2i and 2i + 1: llama2.c and the original Llama files. */
  ADJACENT,
  /** i and i + headDim / 2: Hugging Face files. */
  HALF_SPLIT;

  /** The first component of pair i. */
  public int first(int i) {
    return this == ADJACENT ? 2 * i : i;
  }

  /** The second component of pair i. */
  public int second(int i, int headDim) {
    return this == ADJACENT ? 2 * i + 1 : i + headDim / 2;
  }

  /** Its name in files: {@code adjacent} or {@code half_split}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
