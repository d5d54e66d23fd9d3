package dev.filigree.djl.bind;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.nn.core.AbstractIndexedEmbedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.recurrent.RecurrentBlock;
import ai.djl.nn.transformer.IdEmbedding;
import dev.filigree.plan.LayerFamily;
import java.util.List;

/** What a leaf of the block tree is, as far as sparsity is concerned. */
public enum LayerKind {
  /** DJL's {@code Linear}: masks, packed operators, activation sparsity. */
  LINEAR,
  /** A convolution: masks only; it runs dense. */
  CONVOLUTION,
  /** LSTM, GRU, RNN: masks only; it runs dense. */
  RECURRENT,
  /** Rows are looked up: refused. */
  EMBEDDING,
  /** Has a weight, but no layout Filigree knows. */
  UNSUPPORTED,
  /** Has no weight. */
  WEIGHTLESS;

  /** The kind of a block by its own parameters; composites without any are {@link #WEIGHTLESS}. */
  public static LayerKind of(Block block) {
    if (block instanceof AbstractIndexedEmbedding || block instanceof IdEmbedding) {
      return EMBEDDING;
    }
    if (weights(block).isEmpty()) {
      return WEIGHTLESS;
    }
    if (block instanceof Linear) {
      return LINEAR;
    }
    if (block instanceof Convolution) {
      return CONVOLUTION;
    }
    return block instanceof RecurrentBlock ? RECURRENT : UNSUPPORTED;
  }

  /** The block's own parameters of type WEIGHT, in their order. */
  public static List<Parameter> weights(Block block) {
    return block.getDirectParameters().values().stream()
        .filter(p -> p.getType() == Parameter.Type.WEIGHT)
        .toList();
  }

  /** The kind as the rules of declarations know it. */
  public LayerFamily family() {
    return switch (this) {
      case LINEAR -> LayerFamily.LINEAR;
      case CONVOLUTION -> LayerFamily.CONVOLUTION;
      case RECURRENT -> LayerFamily.RECURRENT;
      case EMBEDDING -> LayerFamily.EMBEDDING;
      case UNSUPPORTED -> LayerFamily.UNSUPPORTED;
      case WEIGHTLESS -> LayerFamily.UNKNOWN;
    };
  }

  /** Whether masks can be held on it. */
  public boolean isMaskable() {
    return this == LINEAR || this == CONVOLUTION || this == RECURRENT;
  }
}
