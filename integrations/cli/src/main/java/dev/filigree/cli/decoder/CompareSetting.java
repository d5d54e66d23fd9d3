package dev.filigree.cli.decoder;

import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.sparsity.SparsitySpec;
import dev.filigree.kernel.ValueType;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One setting of {@code compare}: {@code bf16}, or {@code bf16+teal:0.5}.
 *
 * @param text as it was given
 * @param values type of stored weights
 * @param activation how activations are skipped; empty for not at all
 */
public record CompareSetting(
    String text, ValueType values, Optional<SparsitySpec.Activation> activation) {

  /**
   * Reads them.
   *
   * @throws FiligreeException FIL-0604 for another text, or one that is given twice
   */
  public static List<CompareSetting> all(String... texts) {
    List<CompareSetting> all = Arrays.stream(texts).map(CompareSetting::of).toList();
    for (CompareSetting s : all) {
      if (all.stream().filter(s::equals).count() > 1) {
        throw new FiligreeException(
            Message.FIL_0604, "--settings", String.join(",", texts), "every setting once");
      }
    }
    return all;
  }

  private static CompareSetting of(String given) {
    String text = given.strip();
    int plus = text.indexOf('+');
    String type = plus < 0 ? text : text.substring(0, plus);
    ValueType values =
        ValueType.of(type)
            .orElseThrow(
                () ->
                    new FiligreeException(
                        Message.FIL_0604,
                        "--settings",
                        text,
                        "VALUES or VALUES+METHOD:SPARSITY with VALUES one of "
                            + String.join(", ", ValueType.labels())));
    return new CompareSetting(
        text,
        values,
        plus < 0
            ? Optional.empty()
            : Optional.of(SparsitySpec.activation(text.substring(plus + 1))));
  }

  Method method() {
    return activation.map(SparsitySpec.Activation::method).orElse(Method.NONE);
  }
}
