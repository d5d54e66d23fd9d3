package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.kernel.Activation;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.GatedFeedForward;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.pack.SharedInputs;
import dev.filigree.plan.FiligreeException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/**
 * One block of a decoder on packed matrices. Immutable, safe for any number of threads.
 *
 * @param attentionNorm gains of the RMSNorm before attention [dim]
 * @param feedForwardNorm gains of the RMSNorm before the feed-forward block [dim]
 * @param qkv query, key and value
 * @param qkvBias their biases one behind the other, or null
 * @param output the output projection of attention
 * @param outputBias its bias, or null
 * @param feedForward gate, up and down
 * @param norms ||W[:,i]||_2 by projection, or null where they were not asked for
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record PackedLayer(
    float[] attentionNorm,
    float[] feedForwardNorm,
    SharedInputs qkv,
    ByteBuffer qkvBias,
    PackedMatrix output,
    ByteBuffer outputBias,
    GatedFeedForward feedForward,
    double[][] norms)
    implements AutoCloseable {

  /**
   * Packs one block.
   *
   * @throws FiligreeException FIL-0712 for weights that are not finite
   */
  public static PackedLayer pack(DecoderWeights weights, int layer, PackSettings settings) {
    try (Staging staging = new Staging(stagingBytes(weights.config()))) {
      return pack(weights, layer, settings, staging);
    }
  }

  /** Bytes of the largest weights that are packed together. */
  static long stagingBytes(DecoderConfig c) {
    long attention = (long) c.dim() * (c.qDim() + 2L * c.kvDim());
    return 4 * Math.max(attention, 2L * c.hidden() * c.dim());
  }

  /**
   * The same through memory of at least {@link #stagingBytes}.
   *
   * @throws FiligreeException FIL-0712 for weights that are not finite
   */
  static PackedLayer pack(
      DecoderWeights weights, int layer, PackSettings settings, Staging staging) {
    String format = format(settings.layout());
    Source source = new Source(weights, layer, settings.values(), staging);
    return of(
        weights,
        layer,
        source.shared(format, Projection.Q, Projection.K, Projection.V),
        source.matrix(format, Projection.O),
        feedForward(source, weights.config().activation(), settings.layout(), format),
        settings.columnNorms());
  }

  /**
   * One block from matrices that were packed already; they are closed with this.
   *
   * @param weights where norms and biases come from
   * @param columnNorms whether ||W[:,i]||_2 is computed, of the weights as they are stored
   * @throws FiligreeException FIL-0712 for norms and biases that are not finite
   */
  public static PackedLayer of(
      DecoderWeights weights,
      int layer,
      SharedInputs qkv,
      PackedMatrix output,
      GatedFeedForward feedForward,
      boolean columnNorms) {
    DecoderConfig c = weights.config();
    return new PackedLayer(
        Tensors.array(weights, DecoderWeights.attentionNorm(layer)),
        Tensors.array(weights, DecoderWeights.feedForwardNorm(layer)),
        qkv,
        c.qkvBias() ? joinedBias(weights, layer) : null,
        output,
        c.outputBias() ? Vectors.copy(weights, Projection.O.bias(layer)) : null,
        feedForward,
        columnNorms ? norms(c, qkv.matrix(), output, feedForward) : null);
  }

  /** ||W[:,i]||_2 by projection. */
  private static double[][] norms(
      DecoderConfig c, PackedMatrix qkv, PackedMatrix output, GatedFeedForward feedForward) {
    double[][] norms = new double[Projection.values().length][];
    List<PackedMatrix> matrices = new ArrayList<>(List.of(qkv, output));
    matrices.addAll(feedForward.matrices());
    // The matrices hold the projections in their order.
    Iterator<Projection> order = Arrays.asList(Projection.values()).iterator();
    for (PackedMatrix m : matrices) {
      Tensors.borrowing(
          () -> {
            ByteBuffer dense = AlignedMemory.allocate(4 * m.rows() * m.cols());
            m.unpack(dense);
            for (int row = 0; row < m.rows(); ) {
              Projection p = order.next();
              norms[p.index()] = Vectors.columnNorms(dense, row, p.rows(c), m.cols());
              row += p.rows(c);
            }
            return null;
          });
    }
    return norms;
  }

  /** The weights of one block, and what becomes of them. */
  private record Source(DecoderWeights weights, int layer, ValueType values, Staging staging) {

    /** Projections of the same input as one matrix. */
    PackedMatrix matrix(String format, Projection... projections) {
      DecoderConfig c = weights.config();
      String[] names = Arrays.stream(projections).map(p -> p.weight(layer)).toArray(String[]::new);
      int rows = Arrays.stream(rows(projections)).sum();
      return PackedMatrices.of(
          format, values, staging.read(weights, names), rows, projections[0].cols(c));
    }

    SharedInputs shared(String format, Projection... projections) {
      return SharedInputs.of(matrix(format, projections), rows(projections));
    }

    private int[] rows(Projection... projections) {
      return Arrays.stream(projections).mapToInt(p -> p.rows(weights.config())).toArray();
    }
  }

  private static String format(PackSettings.Layout layout) {
    return switch (layout) {
      case DENSE, SKIPPED_UNITS -> "dense";
      case SPARSE_WEIGHTS -> "bitmap";
      case SKIPPED_INPUTS, SKIPPED_HEADS_AND_UNITS -> "columns";
    };
  }

  private static GatedFeedForward feedForward(
      Source source, Activation activation, PackSettings.Layout layout, String format) {
    if (layout == PackSettings.Layout.SKIPPED_UNITS
        || layout == PackSettings.Layout.SKIPPED_HEADS_AND_UNITS) {
      return GatedFeedForward.of(
          source.matrix("dense", Projection.GATE),
          source.matrix("dense", Projection.UP),
          source.matrix("columns", Projection.DOWN),
          GatedFeedForward.Biases.NONE,
          activation);
    }
    return GatedFeedForward.of(
        source.shared(format, Projection.GATE, Projection.UP),
        source.matrix(format, Projection.DOWN),
        GatedFeedForward.Biases.NONE,
        activation);
  }

  private static ByteBuffer joinedBias(DecoderWeights weights, int layer) {
    DecoderConfig c = weights.config();
    ByteBuffer all = AlignedMemory.allocate(4 * (c.qDim() + 2 * c.kvDim()));
    int at = 0;
    for (Projection p : Projection.Site.ATTENTION.projections()) {
      ByteBuffer one = Tensors.finite(weights, p.bias(layer));
      all.put(at, one, 0, one.limit());
      at += one.limit();
    }
    return all;
  }

  /** Bytes of the stored weights of all seven projections. */
  public long bytes() {
    return qkv.matrix().bytes() + output.bytes() + feedForward.bytes();
  }

  /**
   * Gate and up for some rows, as two buffers [rows][hidden] side by side: for looking at what the
   * fused block computes inside.
   */
  void gateAndUp(ByteBuffer x, int rows, ByteBuffer gate, ByteBuffer up, ByteBuffer both) {
    List<PackedMatrix> m = feedForward.matrices();
    int hidden = feedForward.hidden();
    if (m.size() == 3) {
      m.get(0).multiply(x, rows, null, gate);
      m.get(1).multiply(x, rows, null, up);
      return;
    }
    m.get(0).multiply(x, rows, null, both);
    for (int r = 0; r < rows; r++) {
      gate.put(4 * r * hidden, both, 8 * r * hidden, 4 * hidden);
      up.put(4 * r * hidden, both, 8 * r * hidden + 4 * hidden, 4 * hidden);
    }
  }

  /** The down projection. */
  PackedMatrix down() {
    List<PackedMatrix> m = feedForward.matrices();
    return m.get(m.size() - 1);
  }

  @Override
  public void close() {
    qkv.close();
    output.close();
    feedForward.close();
  }
}
