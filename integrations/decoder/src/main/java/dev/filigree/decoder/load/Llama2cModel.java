package dev.filigree.decoder.load;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.file.DType;
import dev.filigree.file.IoReason;
import dev.filigree.kernel.AlignedMemory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A model of llama2.c, legacy export: seven int32 (width, feed-forward width, layers, heads, key
 * and value heads, ids, context), then float32 tensors, kind by kind over all layers. A negative
 * number of ids says that the head is a tensor of its own, at the end. Tensors are read one by one,
 * when they are asked for.
 */
final class Llama2cModel implements DecoderWeights {
  private static final int HEADER = 28;
  private static final int BOS = 1;
  private static final int EOS = 2;

  private final Path path;
  private final DecoderConfig config;
  private final Map<String, long[]> places;

  private Llama2cModel(Path path, DecoderConfig config, Map<String, long[]> places) {
    this.path = path;
    this.config = config;
    this.places = places;
  }

  /**
   * Opens a file.
   *
   * @throws FiligreeException FIL-0404 where it cannot be read, FIL-0703 where it is no such file
   */
  static Llama2cModel open(Path path) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
      while (header.hasRemaining() && channel.read(header) >= 0) {
        // until it is full or the file ends
      }
      if (header.hasRemaining()) {
        throw refused(path, "it has only " + header.position() + " bytes");
      }
      DecoderConfig config = config(path, header.flip());
      Map<String, long[]> places = places(config);
      long expected = end(config, places);
      if (channel.size() != expected) {
        throw refused(
            path,
            "it has %d bytes, but a model of width %d, %d layers and %d ids has %d"
                .formatted(
                    channel.size(), config.dim(), config.layers(), config.vocab(), expected));
      }
      return new Llama2cModel(path, config, places);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, path, IoReason.of(e));
    } catch (ArithmeticException e) {
      throw refused(path, "its header claims sizes no file has");
    }
  }

  private static FiligreeException refused(Path path, String reason) {
    return new FiligreeException(Message.FIL_0703, path, reason);
  }

  private static DecoderConfig config(Path path, ByteBuffer header) {
    int dim = header.getInt();
    int hidden = header.getInt();
    int layers = header.getInt();
    int heads = header.getInt();
    int kvHeads = header.getInt();
    int ids = header.getInt();
    int context = header.getInt();
    if (dim < 1 || heads < 1 || dim % heads != 0 || layers > 10_000 || ids == Integer.MIN_VALUE) {
      throw refused(
          path, "its header claims width %d, %d heads and %d layers".formatted(dim, heads, layers));
    }
    try {
      return new DecoderConfig(
          dim,
          hidden,
          layers,
          heads,
          kvHeads,
          dim / heads,
          Math.abs(ids),
          context,
          1e-5,
          10_000,
          RopeLayout.ADJACENT,
          Optional.empty(),
          OptionalInt.empty(),
          false,
          false,
          ids > 0,
          BOS,
          List.of(BOS, EOS));
    } catch (FiligreeException e) {
      throw new FiligreeException(e, Message.FIL_0703, path, e.getMessage());
    }
  }

  /** Where every tensor begins, and how many bytes it has, in the order of the file. */
  private static Map<String, long[]> places(DecoderConfig c) {
    Map<String, long[]> places = new LinkedHashMap<>();
    long at = put(places, HEADER, DecoderWeights.EMBEDDING, c.vocab(), c.dim());
    for (int l = 0; l < c.layers(); l++) {
      at = put(places, at, DecoderWeights.attentionNorm(l), 1, c.dim());
    }
    for (Projection p : new Projection[] {Projection.Q, Projection.K, Projection.V, Projection.O}) {
      at = put(places, at, p, c);
    }
    for (int l = 0; l < c.layers(); l++) {
      at = put(places, at, DecoderWeights.feedForwardNorm(l), 1, c.dim());
    }
    for (Projection p : new Projection[] {Projection.GATE, Projection.DOWN, Projection.UP}) {
      at = put(places, at, p, c);
    }
    at = put(places, at, DecoderWeights.FINAL_NORM, 1, c.dim());
    if (!c.tiedHead()) {
      put(places, at + tables(c), DecoderWeights.HEAD, c.vocab(), c.dim());
    }
    return places;
  }

  private static long put(Map<String, long[]> places, long at, Projection p, DecoderConfig c) {
    long next = at;
    for (int l = 0; l < c.layers(); l++) {
      next = put(places, next, p.weight(l), p.rows(c), p.cols(c));
    }
    return next;
  }

  private static long put(Map<String, long[]> places, long at, String name, long rows, long cols) {
    long bytes = Math.multiplyExact(4 * rows, cols);
    places.put(name, new long[] {at, bytes});
    return Math.addExact(at, bytes);
  }

  /** Bytes of the two tables of rotary frequencies, which are not used. */
  private static long tables(DecoderConfig c) {
    return 4L * c.context() * c.headDim();
  }

  private static long end(DecoderConfig c, Map<String, long[]> places) {
    long[] last = places.get(c.tiedHead() ? DecoderWeights.FINAL_NORM : DecoderWeights.HEAD);
    return last[0] + last[1] + (c.tiedHead() ? tables(c) : 0);
  }

  @Override
  public DecoderConfig config() {
    return config;
  }

  @Override
  public ByteBuffer floats(String name) {
    ByteBuffer out = AlignedMemory.allocate(bytes(name));
    read(name, out, 0);
    return out;
  }

  @Override
  public int read(String name, ByteBuffer to, int at) {
    int bytes = bytes(name);
    FileFloats.read(path, places.get(name)[0], DType.F32, bytes / 4, to, at);
    return bytes;
  }

  private int bytes(String name) {
    long[] place = places.get(name);
    if (place == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    if (place[1] > FileFloats.MOST_BYTES) {
      throw new FiligreeException(Message.FIL_0312, name, place[1] / 4);
    }
    return (int) place[1];
  }
}
