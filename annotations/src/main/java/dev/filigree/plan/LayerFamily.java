package dev.filigree.plan;

/** What kind of layer stands at an annotated place, as far as the rules care. */
public enum LayerFamily {
  /** A matrix product with a weight: everything is legal. */
  LINEAR,
  /** A convolution: weights only. */
  CONVOLUTION,
  /** LSTM, GRU, RNN: weights only, hard masks only. */
  RECURRENT,
  /** Rows are looked up: nothing is legal. */
  EMBEDDING,
  /** No weight that can be made sparse: nothing is legal. */
  UNSUPPORTED,
  /** A composite, a user's own block, or not known before the model exists: everything is legal. */
  UNKNOWN
}
