package dev.filigree.djl.bind;

import dev.filigree.file.Receipt;
import dev.filigree.file.ReceiptStep;
import dev.filigree.mask.Mask;
import java.util.Optional;
import java.util.function.Function;

/**
 * What is known of how a model came to its zeros: the steps so far, and masks from a file it was
 * loaded from. Kept beside the root of a model until it is stripped or bound with other plans.
 *
 * @param receipt the steps, masks by the names of parameters in files
 * @param masks the mask of a parameter, [first dimension][all others], where a file says more than
 *     its zeros
 */
public record Provenance(Receipt receipt, Function<String, Optional<Mask>> masks) {
  static final Provenance NONE = new Provenance(Receipt.empty(), name -> Optional.empty());

  /** The same after one more step. */
  public Provenance then(ReceiptStep step) {
    return new Provenance(receipt.then(step), masks);
  }
}
