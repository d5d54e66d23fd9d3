package dev.filigree.criterion;

import dev.filigree.annotations.Scope;
import dev.filigree.plan.Pattern;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Published ways to prune a trained layer at once. */
public enum OneShotMethod {
  /** |w|. */
  MAGNITUDE(Needs.WEIGHTS),
  /** A random rank, the control. */
  RANDOM(Needs.WEIGHTS),
  /** |W_ij| * ||X_j||_2. Sun, Liu, Bair, Kolter 2024. */
  WANDA(Needs.INPUTS),
  /**
   * |W_ij| * (||X_j||_2 + alpha * ||G_ij||) with gradients of the loss. Das, Ma, Shen 2023
   * (GBLM-Pruner).
   */
  GBLM(Needs.GRADIENTS),
  /**
   * Optimal brain surgery column by column with an update of the weights that stay. Frantar,
   * Alistarh 2023.
   */
  SPARSEGPT(Needs.GRAM);

  private final Needs needs;

  /** What a method wants besides the weights; each includes the ones before. */
  public enum Needs {
    /** Nothing. */
    WEIGHTS,
    /** Norms of the inputs. */
    INPUTS,
    /** Norms of the inputs and of the weights' gradients. */
    GRADIENTS,
    /** X^T X. */
    GRAM
  }

  OneShotMethod(Needs needs) {
    this.needs = needs;
  }

  /** What it wants besides the weights. */
  public Needs needs() {
    return needs;
  }

  /** Whether it wants statistics of the layer's inputs. */
  public boolean needsInputs() {
    return needs != Needs.WEIGHTS;
  }

  /** Its published name in lower case. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The method of that label. */
  public static Optional<OneShotMethod> byLabel(String label) {
    return Arrays.stream(values()).filter(m -> m.label().equals(label)).findFirst();
  }

  /** Whether the method is defined for a pattern counted over a scope. */
  public boolean supports(Pattern pattern, Scope scope) {
    return this != SPARSEGPT
        || pattern instanceof Pattern.NM
        || (pattern instanceof Pattern.Unstructured && scope != Scope.GLOBAL);
  }

  /** What {@link Scope#DEFAULT} means: the layer for SparseGPT and for blocks, else the row. */
  public Scope defaultScope(Pattern pattern) {
    boolean single = pattern instanceof Pattern.Unstructured || pattern instanceof Pattern.NM;
    return this == SPARSEGPT || !single ? Scope.LAYER : Scope.ROW;
  }
}
