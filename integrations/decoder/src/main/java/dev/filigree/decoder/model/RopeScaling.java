package dev.filigree.decoder.model;

/** How rotary frequencies were changed for a longer context. */
public sealed interface RopeScaling permits Llama3Scaling, FrequencyFactors {

  /**
   * The changed frequency, in radians per position.
   *
   * @param pair which pair of components it belongs to, from 0 on
   * @param frequency the plain one
   */
  double scale(int pair, double frequency);
}
