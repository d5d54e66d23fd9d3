package dev.filigree.djl.bind;

import ai.djl.nn.Block;
import com.google.common.collect.MapMaker;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.Declarations;
import dev.filigree.plan.Site;
import java.util.List;
import java.util.Map;

/**
 * Declarations that reached a block from outside the tree: from an annotated factory method or an
 * owner that is no block.
 */
public final class Declared {

  record Entry(Declarations declarations, Site.Kind kind, String origin) {}

  private static final Map<Block, Entry> ENTRIES = new MapMaker().weakKeys().makeMap();

  private Declared() {}

  /** Declares for one block what was not written as annotations. */
  public static void put(Block block, List<Declaration> declarations, String origin) {
    List<Declarations.Item> items =
        declarations.stream()
            .map(d -> new Declarations.Item(d, d.getClass().getSimpleName(), origin))
            .toList();
    put(block, new Declarations(items, List.of()), Site.Kind.FIELD, origin);
  }

  /** Remembers what a factory method declares for the block it returned. */
  public static void putResult(Block block, Declarations declarations, String origin) {
    put(block, declarations, Site.Kind.METHOD, origin);
  }

  /** Remembers what the annotated fields of an owner that is no block declare. */
  public static void putFieldsOf(Object owner) {
    for (ClassPlan.AnnotatedField f : ClassPlan.of(owner.getClass()).fields()) {
      f.blocks(owner).forEach(b -> put(b, f.declarations(), Site.Kind.FIELD, f.origin()));
    }
  }

  private static void put(Block block, Declarations declarations, Site.Kind kind, String origin) {
    if (!declarations.isEmpty()) {
      ENTRIES.put(block, new Entry(declarations, kind, origin));
    }
  }

  static Entry of(Block block) {
    return ENTRIES.get(block);
  }
}
