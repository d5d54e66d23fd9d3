package dev.filigree.annotations;

/** How activations to skip are chosen. */
public enum ActivationMethod {
  /**
   * |x_i| above one threshold per layer, which calibration sets to the value of rank ceil(n *
   * sparsity) of n calibration magnitudes: Liu et al., "Training-Free Activation Sparsity in Large
   * Language Models" (2024).
   */
  TEAL,
  /**
   * TEAL on all three layers of a gated feed-forward block down(f(gate(x)) * up(x)), with the
   * sparsity of the block as a whole shared out among them: again and again that layer skips some
   * more of its inputs which changes the block's output least by it, algorithm 1 of the same paper.
   * The sparsity counts weights, so a larger layer counts more; each of them keeps 5 % of its
   * inputs, and so it is at most 0.95. Goes on the block type as CATS does. f is SiLU, or what the
   * block's own {@code GatedFeedForward.activation()} says.
   */
  TEAL_GREEDY,
  /**
   * Per token, removes exactly floor(inputs * sparsity) inputs with the smallest |x_i| *
   * ||W[:,i]||_2: Chen et al., "WINA" (2025), without its transform of the weights. No calibration.
   */
  WINA,
  /**
   * |x_i| * ||W[:,i]||_2 above a calibrated threshold, WINA's score with a fixed threshold as TEAL
   * has one in the place of its exact count: nothing is sorted, and layers of a {@code
   * SharedInput}, or gate and up of a {@code GatedFeedForward}, with the same sparsity make one
   * choice, by the columns of all of them one above the other.
   */
  WINA_THRESHOLD,
  /**
   * Per token, removes exactly floor(inputs * sparsity) inputs with the smallest |x_i|. No
   * calibration.
   */
  TOP_K,
  /**
   * y = W (x * m) + W_r (x * (1 - m)): keeps inputs with |x_i| * ||W[:,i]||_2 above a calibrated
   * threshold and sends the others through an approximation W_r = B A of low rank: Zhang et al.,
   * "R-Sparse" (2025). The sparsity counts weights: kept inputs and factors together read the share
   * 1 - sparsity of the layer's weights, so more inputs than that are skipped. How much of it is
   * inputs and how much rank, calibration chooses for every layer, by the error of its outputs. The
   * factors are of the weights as they are in calibration, masked ones where the layer is sparse as
   * well; when the weights change, they are dropped.
   */
  R_SPARSE,
  /**
   * For gated feed-forward blocks down(SiLU(gate(x)) * up(x)): keeps gate outputs with
   * |SiLU(gate(x))| above a calibrated threshold: Lee et al., "CATS" (2024). Goes on the block type
   * and names its three fields.
   */
  CATS,
  /**
   * CATS with one threshold per hidden unit, T / sqrt(E[u_i^2]) for up's output u_i in calibration,
   * so that units with a small up projection are skipped first: He et al., "CHESS" (2024). Goes on
   * the block type as CATS does, and acts on that block; the paper's thresholds for the inputs of
   * query and output are {@link #TEAL} on those layers.
   */
  CHESS,
  /**
   * For gated feed-forward blocks down(ReLU(gate(x)) * up(x)): skips exactly the hidden units that
   * ReLU makes zero, so that nothing changes but the order of sums; Mirzadeh et al., "ReLU Strikes
   * Back" (2023), Song et al., "ProSparse" (2024). Goes on the block type as CATS does. How many
   * units are zero is up to the training; it takes no sparsity and needs no calibration.
   */
  RELU,
  /**
   * For gated feed-forward blocks down(f(gate(x)) * up(x)), with any f: of the hidden units only
   * the core neurons of the sequence's prompt are used for the tokens after it, all but floor(units
   * * sparsity); Wang et al., "CoreInfer" (2024), where sparsity is the share that is kept. A
   * forward pass at inference with several tokens of a sequence is a prompt and runs dense, {@code
   * Filigree.newSequence} begins another one. Goes on the block type as CATS does. No calibration.
   */
  COREINFER;

  /** Whether it spans the three layers of a gated feed-forward block, whose type names them. */
  public boolean isOfBlock() {
    return skipsUnits() || this == TEAL_GREEDY || this == COREINFER;
  }

  /**
   * Whether it skips hidden units of a block, as the outputs of the gate decide; other methods skip
   * inputs of a layer, as these decide, or {@link #COREINFER} as those of earlier tokens do.
   */
  public boolean skipsUnits() {
    return this == CATS || this == CHESS || this == RELU;
  }
}
