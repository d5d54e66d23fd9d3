package dev.filigree.djl.prune;

import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.util.Pair;
import dev.filigree.djl.bind.LayerKind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Cuts a model into the stages of a sequential calibration. */
final class Stages {
  private final Map<Block, Integer> stage = new IdentityHashMap<>();
  private int count;

  private Stages() {}

  /**
   * Groups targets by stage.
   *
   * @param order targets in the order their layers ran
   * @return stages in the order their first layer ran
   */
  static List<List<Target>> of(Block root, List<Target> order) {
    Stages stages = new Stages();
    stages.descend(root);
    Map<Integer, List<Target>> grouped = new java.util.LinkedHashMap<>();
    for (Target t : order) {
      grouped.computeIfAbsent(stages.stage.get(t.block()), s -> new ArrayList<>()).add(t);
    }
    return new ArrayList<>(grouped.values());
  }

  /** The children of the root, of sequences, and of a composite that is alone are stages. */
  private void descend(Block block) {
    if (LayerKind.of(block) != LayerKind.WEIGHTLESS) {
      markAll(block, count++);
      return;
    }
    List<Block> children = new ArrayList<>();
    for (Pair<String, Block> child : block.getChildren()) {
      if (!child.getValue().getParameters().isEmpty()) {
        children.add(child.getValue());
      }
    }
    for (Block child : children) {
      if (children.size() == 1 || child instanceof SequentialBlock) {
        descend(child);
      } else {
        markAll(child, count++);
      }
    }
  }

  private void markAll(Block block, int number) {
    if (stage.putIfAbsent(block, number) == null) {
      for (Pair<String, Block> child : block.getChildren()) {
        markAll(child.getValue(), number);
      }
    }
  }

  /** All targets as one stage. */
  static List<List<Target>> one(List<Target> order) {
    return Collections.singletonList(order);
  }
}
