package dev.filigree.decoder.model;

/**
 * How Llama 3 stretches rotary frequencies to a longer context: wavelengths longer than {@code
 * originalContext / lowFrequencyFactor} are stretched by {@code factor}, those shorter than {@code
 * originalContext / highFrequencyFactor} stay, those between are interpolated.
 *
 * @param factor at least 1
 * @param lowFrequencyFactor above 0
 * @param highFrequencyFactor above {@code lowFrequencyFactor}
 * @param originalContext positions the model was trained with before, at least 1
 */
public record Llama3Scaling(
    double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalContext)
    implements RopeScaling {

  @Override
  public double scale(int pair, double frequency) {
    double wavelength = 2 * Math.PI / frequency;
    double low = originalContext / lowFrequencyFactor;
    double high = originalContext / highFrequencyFactor;
    if (wavelength > low) {
      return frequency / factor;
    }
    if (wavelength < high) {
      return frequency;
    }
    double smooth =
        (originalContext / wavelength - lowFrequencyFactor)
            / (highFrequencyFactor - lowFrequencyFactor);
    return (1 - smooth) * frequency / factor + smooth * frequency;
  }
}
