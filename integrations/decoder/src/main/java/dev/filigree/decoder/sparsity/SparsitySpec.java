package dev.filigree.decoder.sparsity;

import dev.filigree.criterion.OneShotMethod;
import dev.filigree.criterion.OneShotPlan;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;

/** Reads settings as the command line writes them. */
public final class SparsitySpec {
  private static final java.util.regex.Pattern WEIGHTS =
      java.util.regex.Pattern.compile(
          "([a-z0-9-]+):(?:(?<n>\\d{1,6}):(?<m>\\d{1,6})|(?<unstructured>unstructured):(?<s1>[^:]+)"
              + "|block:(?<r>\\d{1,6})x(?<c>\\d{1,6}):(?<s2>[^:]+))");

  private static final String THRESHOLD =
      "relu, or relu:THRESHOLD with a threshold of at least 0; gates at or below it count as zero";

  private SparsitySpec() {}

  /**
   * A method of activation sparsity and how much.
   *
   * @param sparsity share that is to be skipped; 0 for RELU
   * @param threshold of RELU: gates at or below it count as zero, 0 or more; else 0
   */
  public record Activation(ActivationSetting.Method method, double sparsity, double threshold) {
    /** One without a threshold of its own. */
    public Activation(ActivationSetting.Method method, double sparsity) {
      this(method, sparsity, 0);
    }

    /**
     * The setting of a method that needs no calibration.
     *
     * @param layers blocks of the model
     */
    public ActivationSetting setting(int layers) {
      return method == ActivationSetting.Method.RELU
          ? ActivationSetting.relu((float) threshold, layers)
          : new ActivationSetting(method, sparsity, null);
    }
  }

  /**
   * Reads {@code method:pattern[:sparsity]}: {@code wanda:2:4}, {@code magnitude:unstructured:0.5},
   * {@code wanda:block:4x1:0.5}.
   *
   * @throws FiligreeException FIL-0604 for another text, and as {@link OneShotPlan}
   */
  public static OneShotPlan weights(String text) {
    Matcher m = WEIGHTS.matcher(text);
    if (!m.matches()) {
      throw illegalWeights(text);
    }
    OneShotMethod method =
        OneShotMethod.byLabel(m.group(1)).orElseThrow(() -> illegalWeights(text));
    if (m.group("n") != null) {
      Pattern pattern =
          new Pattern.NM(Integer.parseInt(m.group("n")), Integer.parseInt(m.group("m")));
      return OneShotPlan.of(method, pattern, 0);
    }
    if (m.group("unstructured") != null) {
      return OneShotPlan.of(
          method, new Pattern.Unstructured(), share("--weights", text, m.group("s1")));
    }
    int rows = Integer.parseInt(m.group("r"));
    int cols = Integer.parseInt(m.group("c"));
    if (rows < 1 || cols < 1) {
      throw illegalWeights(text);
    }
    return OneShotPlan.of(
        method, new Pattern.Block(rows, cols), share("--weights", text, m.group("s2")));
  }

  private static FiligreeException illegalWeights(String text) {
    List<String> methods =
        Arrays.stream(OneShotMethod.values())
            .filter(m -> m.needs() != OneShotMethod.Needs.GRADIENTS)
            .map(OneShotMethod::label)
            .toList();
    return new FiligreeException(
        Message.FIL_0604,
        "--weights",
        text,
        "METHOD:N:M, METHOD:unstructured:SPARSITY or METHOD:block:RxC:SPARSITY with METHOD one of "
            + String.join(", ", methods));
  }

  /**
   * Reads {@code method:sparsity}: {@code teal:0.5}; or {@code relu}, which may have a threshold:
   * {@code relu:0.01}.
   *
   * @throws FiligreeException FIL-0604 for another text
   */
  public static Activation activation(String text) {
    int colon = text.indexOf(':');
    String relu = ActivationSetting.Method.RELU.label();
    if (text.equals(relu) || text.startsWith(relu + ":")) {
      return new Activation(
          ActivationSetting.Method.RELU,
          0,
          colon < 0 ? 0 : threshold(text, text.substring(colon + 1)));
    }
    ActivationSetting.Method method =
        ActivationSetting.Method.byLabel(colon < 0 ? text : text.substring(0, colon))
            .filter(m -> colon > 0 && m != ActivationSetting.Method.DECLARED)
            .orElseThrow(
                () ->
                    new FiligreeException(
                        Message.FIL_0604,
                        "--activation",
                        text,
                        "relu, relu:THRESHOLD, or METHOD:SPARSITY with METHOD one of "
                            + String.join(
                                ", ",
                                Arrays.stream(ActivationSetting.Method.values())
                                    .filter(m -> m != ActivationSetting.Method.NONE)
                                    .filter(m -> m != ActivationSetting.Method.RELU)
                                    .filter(m -> m != ActivationSetting.Method.DECLARED)
                                    .map(ActivationSetting.Method::label)
                                    .toList())));
    return new Activation(method, share("--activation", text, text.substring(colon + 1)));
  }

  private static double threshold(String text, String number) {
    double value;
    try {
      value = Double.parseDouble(number);
    } catch (NumberFormatException e) {
      throw new FiligreeException(e, Message.FIL_0604, "--activation", text, THRESHOLD);
    }
    // What float32 cannot hold is no threshold of float32 values.
    if (!(value >= 0 && Float.isFinite((float) value))) {
      throw new FiligreeException(Message.FIL_0604, "--activation", text, THRESHOLD);
    }
    return value;
  }

  private static double share(String option, String text, String number) {
    double value;
    try {
      value = Double.parseDouble(number);
    } catch (NumberFormatException e) {
      throw new FiligreeException(
          e, Message.FIL_0604, option, text, "a sparsity of at least 0 and below 1");
    }
    if (!(value >= 0 && value < 1)) {
      throw new FiligreeException(
          Message.FIL_0604, option, text, "a sparsity of at least 0 and below 1");
    }
    return value;
  }
}
