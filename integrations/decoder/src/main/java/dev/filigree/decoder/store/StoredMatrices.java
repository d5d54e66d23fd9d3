package dev.filigree.decoder.store;

import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.PackSettings.Layout;
import java.util.List;

/**
 * Which projections of a block are stored as one matrix, and in which format a layout has them.
 *
 * @param projections their outputs one behind the other
 * @param format {@code dense} or {@code columns}
 */
record StoredMatrices(List<Projection> projections, String format) {
  static final String DENSE = "dense";
  static final String COLUMNS = "columns";
  static final String BITMAP = "bitmap";

  /** The matrices of a block, in the order of the projections. */
  static List<StoredMatrices> of(Layout layout) {
    StoredMatrices qkv = qkv(layout);
    StoredMatrices output = new StoredMatrices(List.of(Projection.O), qkv.format);
    StoredMatrices down =
        new StoredMatrices(List.of(Projection.DOWN), layout == Layout.DENSE ? DENSE : COLUMNS);
    return layout == Layout.SKIPPED_UNITS || layout == Layout.SKIPPED_HEADS_AND_UNITS
        ? List.of(
            qkv,
            output,
            new StoredMatrices(List.of(Projection.GATE), DENSE),
            new StoredMatrices(List.of(Projection.UP), DENSE),
            down)
        : List.of(
            qkv,
            output,
            new StoredMatrices(List.of(Projection.GATE, Projection.UP), qkv.format),
            down);
  }

  private static StoredMatrices qkv(Layout layout) {
    boolean byInputs =
        switch (layout) {
          case DENSE, SPARSE_WEIGHTS, SKIPPED_UNITS -> false;
          case SKIPPED_INPUTS, SKIPPED_HEADS_AND_UNITS -> true;
        };
    return new StoredMatrices(
        List.of(Projection.Q, Projection.K, Projection.V), byInputs ? COLUMNS : DENSE);
  }

  /** The names of the weights, in order. */
  List<String> weights(int layer) {
    return projections.stream().map(p -> p.weight(layer)).toList();
  }

  /** The name of the matrix: that of its weight, or one for all of them as others call it. */
  String name(int layer) {
    return switch (projections.size()) {
      case 1 -> projections.get(0).weight(layer);
      case 2 -> "model.layers." + layer + ".mlp.gate_up_proj.weight";
      default -> "model.layers." + layer + ".self_attn.qkv_proj.weight";
    };
  }
}
