package dev.filigree.recipe;

import org.snakeyaml.engine.v2.exceptions.Mark;

/**
 * A place in a recipe.
 *
 * @param line the first is 1
 * @param column the first is 1
 */
record Place(String file, int line, int column) {

  static Place of(String file, Mark mark) {
    return new Place(file, mark.getLine() + 1, mark.getColumn() + 1);
  }

  /** Where a rule stands, for messages that are written after the file was read. */
  String origin() {
    return file + ", line " + line;
  }

  @Override
  public String toString() {
    return origin() + ", column " + column;
  }
}
