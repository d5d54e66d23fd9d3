package dev.filigree.decoder.store;

import dev.filigree.decoder.load.PackedModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackSettings.Layout;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.PackedLayer;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.DenseMatrix;
import dev.filigree.pack.GatedFeedForward;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.pack.SharedInputs;
import dev.filigree.plan.FiligreeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Serves a packed directory. Matrices that are stored as the method wants them are used where they
 * lie in the mapped file; a block that is stored otherwise is packed anew, one matrix at a time.
 */
public final class MappedDecoder {
  private MappedDecoder() {}

  /**
   * A decoder on a packed directory.
   *
   * @param method how activations will be skipped
   * @throws FiligreeException FIL-0310, FIL-0311 where stored parts contradict each other
   */
  public static PackedDecoder open(PackedModel model, Method method) {
    return open(model, new ActivationSetting(method, 0, null));
  }

  /**
   * A decoder on a packed directory.
   *
   * @param setting which activations will be skipped
   * @throws FiligreeException FIL-0310, FIL-0311 where stored parts contradict each other
   */
  public static PackedDecoder open(PackedModel model, ActivationSetting setting) {
    DecoderConfig c = model.config();
    ValueType values = values(model);
    DenseMatrix embedding = table(model, DecoderWeights.EMBEDDING, values);
    DenseMatrix head = c.tiedHead() ? embedding : table(model, DecoderWeights.HEAD, values);
    List<PackedLayer> layers = new ArrayList<>();
    for (int l = 0; l < c.layers(); l++) {
      layers.add(layer(model, l, setting.packing(values)));
    }
    return PackedDecoder.of(model, values, layers, embedding, head);
  }

  /** The type of a directory's stored weights. */
  public static ValueType values(PackedModel model) {
    return model
        .matrix(StoredMatrices.of(Layout.DENSE).get(0).weights(/* layer= */ 0))
        .map(PackedMatrix::valueType)
        .orElse(ValueType.F32);
  }

  /** Whether a method finds every block stored as it wants it. */
  public static boolean isMapped(PackedModel model, Method method) {
    return isMapped(model, new ActivationSetting(method, 0, null));
  }

  /** Whether a setting finds every block stored as it wants it. */
  public static boolean isMapped(PackedModel model, ActivationSetting setting) {
    for (int l = 0; l < model.config().layers(); l++) {
      if (mapped(model, l, setting.layout()).isEmpty()) {
        return false;
      }
    }
    return true;
  }

  private static DenseMatrix table(PackedModel model, String name, ValueType values) {
    Optional<PackedMatrix> stored = model.matrix(List.of(name));
    if (stored.isPresent() && stored.get() instanceof DenseMatrix dense) {
      return dense;
    }
    DecoderConfig c = model.config();
    return Tensors.borrowing(
        () ->
            (DenseMatrix)
                PackedMatrices.of(
                    StoredMatrices.DENSE, values, Tensors.finite(model, name), c.vocab(), c.dim()));
  }

  private static PackedLayer layer(PackedModel model, int layer, PackSettings settings) {
    Optional<List<StoredMatrices>> found = mapped(model, layer, settings.layout());
    if (found.isEmpty()) {
      return PackedLayer.pack(model, layer, settings);
    }
    DecoderConfig c = model.config();
    List<PackedMatrix> m =
        found.get().stream().map(w -> model.matrix(w.weights(layer)).orElseThrow()).toList();
    GatedFeedForward feedForward =
        m.size() == 5
            ? GatedFeedForward.of(
                m.get(2), m.get(3), m.get(4), GatedFeedForward.Biases.NONE, c.activation())
            : GatedFeedForward.of(
                SharedInputs.of(m.get(2), c.hidden(), c.hidden()),
                m.get(3),
                GatedFeedForward.Biases.NONE,
                c.activation());
    SharedInputs qkv = SharedInputs.of(m.get(0), c.qDim(), c.kvDim(), c.kvDim());
    return PackedLayer.of(model, layer, qkv, m.get(1), feedForward, settings.columnNorms());
  }

  /** The matrices of a block as the layout wants them; empty where one is stored otherwise. */
  private static Optional<List<StoredMatrices>> mapped(
      PackedModel model, int layer, Layout layout) {
    List<List<StoredMatrices>> ways = new ArrayList<>();
    ways.add(StoredMatrices.of(layout));
    if (layout == Layout.DENSE) {
      ways.add(StoredMatrices.of(Layout.SKIPPED_UNITS));
    }
    for (List<StoredMatrices> way : ways) {
      boolean all =
          way.stream()
              .allMatch(
                  w -> {
                    Optional<String> format = model.format(w.weights(layer));
                    // Without skipping any format will do.
                    return format.isPresent()
                        && (layout == Layout.DENSE || format.get().equals(w.format()));
                  });
      if (all) {
        return Optional.of(way);
      }
    }
    return Optional.empty();
  }
}
