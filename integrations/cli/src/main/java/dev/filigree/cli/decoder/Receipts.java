package dev.filigree.cli.decoder;

import dev.filigree.decoder.store.ModelWriter;
import dev.filigree.file.Receipt;
import dev.filigree.file.ReceiptStep;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** What the receipt of a packed directory says about its weights. */
final class Receipts {
  private Receipts() {}

  /**
   * The share of weights that was removed, 0 where it does not say.
   *
   * @throws FiligreeException FIL-0430 where it is no share
   */
  static double weightSparsity(Receipt receipt, Path where) {
    String found = "0";
    for (ReceiptStep step : receipt.steps()) {
      if (step.name().equals(ModelWriter.STEP)) {
        found = step.plan().getOrDefault(ModelWriter.WEIGHT_SPARSITY, found);
      }
    }
    try {
      return Double.parseDouble(found);
    } catch (NumberFormatException e) {
      throw new FiligreeException(
          e, Message.FIL_0430, where, ModelWriter.WEIGHT_SPARSITY + " is " + found);
    }
  }

  /** Digests of the masks as pruning chose them, by tensor. */
  static Map<String, String> masks(Receipt receipt) {
    Map<String, String> out = new TreeMap<>();
    for (ReceiptStep step : receipt.steps()) {
      if (step.choosesMasks() && !step.name().equals(ModelWriter.STEP)) {
        out.putAll(step.masks());
      }
    }
    return out;
  }
}
