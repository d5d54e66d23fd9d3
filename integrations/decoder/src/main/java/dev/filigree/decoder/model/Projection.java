package dev.filigree.decoder.model;

import java.util.Arrays;
import java.util.Locale;

/** The seven projections of a block, with the names Hugging Face and llama2.c give them. */
public enum Projection {
  Q(0, "self_attn.q_proj", "wq"),
  K(1, "self_attn.k_proj", "wk"),
  V(2, "self_attn.v_proj", "wv"),
  O(3, "self_attn.o_proj", "wo"),
  GATE(4, "mlp.gate_proj", "w1"),
  UP(5, "mlp.up_proj", "w3"),
  DOWN(6, "mlp.down_proj", "w2");

  private final int index;
  private final String module;
  private final String shortName;

  Projection(int index, String module, String shortName) {
    this.index = index;
    this.module = module;
    this.shortName = shortName;
  }

  /** Its place in arrays that have one element per projection, 0 to 6. */
  public int index() {
    return index;
  }

  /** The name of its weight in a block, Hugging Face style. */
  public String weight(int layer) {
    return "model.layers." + layer + "." + module + ".weight";
  }

  /** The name of its bias in a block. */
  public String bias(int layer) {
    return "model.layers." + layer + "." + module + ".bias";
  }

  /** The name in llama2.c and in results: {@code wq} ... {@code w2}. */
  public String shortName() {
    return shortName;
  }

  /** The name in settings. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Outputs. */
  public int rows(DecoderConfig c) {
    return switch (this) {
      case Q -> c.qDim();
      case K, V -> c.kvDim();
      case O, DOWN -> c.dim();
      case GATE, UP -> c.hidden();
    };
  }

  /** Inputs. */
  public int cols(DecoderConfig c) {
    return switch (this) {
      case Q, K, V, GATE, UP -> c.dim();
      case O -> c.qDim();
      case DOWN -> c.hidden();
    };
  }

  /** Which input it receives. */
  public Site site() {
    return switch (this) {
      case Q, K, V -> Site.ATTENTION;
      case O -> Site.HEADS;
      case GATE, UP -> Site.FEED_FORWARD;
      case DOWN -> Site.HIDDEN;
    };
  }

  /** Whether it has a bias. */
  public boolean hasBias(DecoderConfig c) {
    return switch (this) {
      case Q, K, V -> c.qkvBias();
      case O -> c.outputBias();
      case GATE, UP, DOWN -> false;
    };
  }

  /** The distinct inputs of a block. */
  public enum Site {
    /** What query, key and value receive. */
    ATTENTION,
    /** What the output projection of attention receives. */
    HEADS,
    /** What gate and up receive. */
    FEED_FORWARD,
    /** What down receives. */
    HIDDEN;

    /** How many values it has. */
    public int width(DecoderConfig c) {
      return projections()[0].cols(c);
    }

    /** The projections that receive it. */
    public Projection[] projections() {
      return Arrays.stream(Projection.values())
          .filter(p -> p.site() == this)
          .toArray(Projection[]::new);
    }
  }
}
