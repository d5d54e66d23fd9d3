package dev.filigree.djl.bind;

import ai.djl.nn.Block;
import com.google.common.collect.MapMaker;
import dev.filigree.plan.Declaration;
import java.util.List;
import java.util.Map;

/**
 * Declarations that reached a block from outside the tree: from an annotated factory method or an
 * owner that is no block.
 */
public final class Declared {

  record Entry(List<Declaration> declarations, String origin) {}

  private static final Map<Block, Entry> ENTRIES = new MapMaker().weakKeys().makeMap();

  private Declared() {}

  /** Remembers what a factory method declares for the block it returned. */
  public static void put(Block block, List<Declaration> declarations, String origin) {
    if (!declarations.isEmpty()) {
      ENTRIES.put(block, new Entry(List.copyOf(declarations), origin));
    }
  }

  /** Remembers what the annotated fields of an owner that is no block declare. */
  public static void putFieldsOf(Object owner) {
    for (ClassPlan.AnnotatedField f : ClassPlan.of(owner.getClass()).fields()) {
      f.blocks(owner).forEach(b -> put(b, f.declarations(), f.origin()));
    }
  }

  static Entry of(Block block) {
    return ENTRIES.get(block);
  }
}
