package dev.filigree.decoder.serve;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.model.Tensors;
import dev.filigree.kernel.ValueType;
import dev.filigree.pack.DenseMatrix;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.Remainder;
import dev.filigree.plan.FiligreeException;
import java.util.ArrayList;
import java.util.List;

/**
 * A decoder on packed matrices. Immutable, safe for any number of threads, each with sessions of
 * its own.
 */
public final class PackedDecoder implements AutoCloseable {
  private final DecoderConfig config;
  private final ValueType values;
  private final List<PackedLayer> layers;
  private final float[] finalNorm;
  private final DenseMatrix embedding;
  private final DenseMatrix head;

  private PackedDecoder(
      DecoderConfig config,
      ValueType values,
      List<PackedLayer> layers,
      float[] finalNorm,
      DenseMatrix embedding,
      DenseMatrix head) {
    this.config = config;
    this.values = values;
    this.layers = List.copyOf(layers);
    this.finalNorm = finalNorm;
    this.embedding = embedding;
    this.head = head;
  }

  /**
   * Packs a model, tensor by tensor.
   *
   * @throws FiligreeException FIL-0712 for weights that are not finite
   */
  public static PackedDecoder pack(DecoderWeights weights, PackSettings settings) {
    DecoderConfig c = weights.config();
    // The largest tensors first: what is needed beside the packed result is then smallest.
    DenseMatrix embedding = table(weights, DecoderWeights.EMBEDDING, settings.values());
    DenseMatrix head =
        c.tiedHead() ? embedding : table(weights, DecoderWeights.HEAD, settings.values());
    List<PackedLayer> layers = new ArrayList<>();
    try (Staging staging = new Staging(PackedLayer.stagingBytes(c))) {
      for (int l = 0; l < c.layers(); l++) {
        layers.add(PackedLayer.pack(weights, l, settings, staging));
      }
    }
    return of(weights, settings.values(), layers, embedding, head);
  }

  /**
   * A decoder of blocks that were packed already; they are closed with this.
   *
   * @param weights where the shape and the last norm come from
   * @param values type of stored weights
   * @param embedding [vocab, dim]
   * @param head the same object where it is tied
   * @throws FiligreeException FIL-0712 for a norm that is not finite
   */
  public static PackedDecoder of(
      DecoderWeights weights,
      ValueType values,
      List<PackedLayer> layers,
      DenseMatrix embedding,
      DenseMatrix head) {
    return new PackedDecoder(
        weights.config(),
        values,
        layers,
        Tensors.array(weights, DecoderWeights.FINAL_NORM),
        embedding,
        head);
  }

  private static DenseMatrix table(DecoderWeights weights, String name, ValueType type) {
    DecoderConfig c = weights.config();
    try (Staging staging = new Staging(4L * c.vocab() * c.dim())) {
      return (DenseMatrix)
          PackedMatrices.of("dense", type, staging.read(weights, name), c.vocab(), c.dim());
    }
  }

  /** The shape. */
  public DecoderConfig config() {
    return config;
  }

  /** Type of stored weights. */
  public ValueType values() {
    return values;
  }

  List<PackedLayer> layers() {
    return layers;
  }

  float[] finalNorm() {
    return finalNorm;
  }

  DenseMatrix embedding() {
    return embedding;
  }

  DenseMatrix head() {
    return head;
  }

  /** Bytes of all stored weights. */
  public long bytes() {
    long sum = head.bytes() + (embedding == head ? 0 : embedding.bytes());
    for (PackedLayer layer : layers) {
      sum += layer.bytes();
    }
    return sum;
  }

  /** Bytes of weights that one decoded token reads where nothing is skipped, the head included. */
  public long denseBytesPerToken() {
    long sum = head.bytes();
    for (PackedLayer layer : layers) {
      sum += layer.bytes();
    }
    return sum;
  }

  /**
   * The same with what was skipped left out.
   *
   * @param counts of a session that decoded tokens
   */
  public long realisedBytesPerToken(ActivationCounts counts, ActivationSetting setting) {
    long total = 0;
    double read = 0;
    for (Projection p : Projection.values()) {
      long weights = (long) p.rows(config) * p.cols(config);
      total += weights;
      // A hidden unit that is skipped saves its row of up as well.
      read += weights * counts.kept(setting.countedBy(p));
    }
    return head.bytes()
        + remainderBytes(counts, setting)
        + Math.round((denseBytesPerToken() - head.bytes()) * (read / total));
  }

  /** Bytes of the factors of all blocks that skipped something: each is read as a whole. */
  private long remainderBytes(ActivationCounts counts, ActivationSetting setting) {
    long sum = 0;
    for (int l = 0; setting.remainders() != null && l < config.layers(); l++) {
      for (Remainder r : setting.remainders()[l]) {
        sum += counts.seen(l) == 0 ? 0 : r.bytes(values);
      }
    }
    return sum;
  }

  /** A session from an empty cache. */
  public DecoderSession newSession(SessionSettings settings) {
    return new DecoderSession(this, settings);
  }

  @Override
  public void close() {
    layers.forEach(PackedLayer::close);
    embedding.close();
    head.close();
  }
}
