package dev.filigree.plan;

import java.util.Locale;

/**
 * The place of a declaration.
 *
 * @param kind what is annotated
 * @param name its name, for messages
 * @param type the type of the layer there, for messages
 * @param family what kind of layer that is
 */
public record Site(Kind kind, String name, String type, LayerFamily family) {

  /** What can be annotated. */
  public enum Kind {
    /** A field that holds one layer or several. */
    FIELD,
    /** A factory method. */
    METHOD,
    /** A block type. */
    TYPE,
    /** An annotation type that carries ours; it is judged again wherever it is used. */
    ANNOTATION
  }

  /** For messages, for example {@code field wide}. */
  public String label() {
    return kind.name().toLowerCase(Locale.ROOT) + " " + name;
  }

  boolean isOneLayer() {
    return kind == Kind.FIELD || kind == Kind.METHOD;
  }
}
