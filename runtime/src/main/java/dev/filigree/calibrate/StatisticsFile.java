package dev.filigree.calibrate;

import dev.filigree.file.DType;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Tensor;
import dev.filigree.kernel.Workers;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Statistics of layers in a safetensors file, so that a calibration can go on later, or prune again
 * at another sparsity: {@code <layer>.sums}, {@code .squares}, {@code .gram} (the lower triangle,
 * row by row, in pieces {@code .gram.0}, {@code .gram.1} ...) and {@code .magnitudes.*}.
 */
public final class StatisticsFile {
  private static final String FORMAT_KEY = "filigree.format";
  private static final String FORMAT = "statistics-1";
  private static final String NOTE = "note.";
  private static final String TOKENS = ".tokens";
  private static final String SUMS = ".sums";
  private static final String SQUARES = ".squares";
  private static final String GRAM = ".gram.";
  private static final String LIMITS = ".magnitudes.limits";
  private static final String VALUES = ".magnitudes.values";
  private static final String BINS = ".magnitudes.bins";
  private static final String COUNTS = ".magnitudes.counts";
  // Rows of the triangle that lie in one piece; a piece of the widest legal layer is below 1 GiB.
  private static final int PIECE = 1024;

  private StatisticsFile() {}

  /**
   * Writes statistics, whole or not at all.
   *
   * @param layers names differ
   * @throws FiligreeException FIL-0403 where the target cannot be written, FIL-0405 for a name used
   *     twice
   */
  public static void write(Path target, List<LayerStatistics> layers) {
    write(target, layers, Map.of());
  }

  /**
   * The same with notes of the caller's.
   *
   * @param notes given back by {@link #notes}
   */
  public static void write(Path target, List<LayerStatistics> layers, Map<String, String> notes) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(FORMAT_KEY, FORMAT);
    notes.forEach((key, value) -> metadata.put(NOTE + key, value));
    List<Tensor> tensors = new ArrayList<>();
    for (LayerStatistics layer : layers) {
      String name = layer.layer();
      tensors.add(longs(name + TOKENS, layer.tokens()));
      tensors.add(doubles(name + SUMS, List.of(layer.sums())));
      tensors.add(doubles(name + SQUARES, List.of(layer.squares())));
      layer.gram().ifPresent(gram -> addGram(name, gram, tensors));
      layer.magnitudes().ifPresent(m -> addMagnitudes(name, m.state(), tensors));
    }
    SafetensorsWriter.write(target, tensors, metadata);
  }

  private static void addGram(String name, double[][] gram, List<Tensor> tensors) {
    for (int from = 0; from < gram.length; from += PIECE) {
      List<double[]> rows = Arrays.asList(gram).subList(from, Math.min(gram.length, from + PIECE));
      tensors.add(doubles(name + GRAM + from / PIECE, rows));
    }
  }

  private static void addMagnitudes(
      String name, MagnitudeThreshold.State state, List<Tensor> tensors) {
    tensors.add(longs(name + LIMITS, state.exactValues(), state.zeros()));
    ByteBuffer values = bytes(4 * state.values().length);
    values.asFloatBuffer().put(state.values());
    tensors.add(Tensor.of(name + VALUES, DType.F32, new long[] {state.values().length}, values));
    if (state.bins() != null) {
      ByteBuffer bins = bytes(4 * state.bins().length);
      bins.asIntBuffer().put(state.bins());
      tensors.add(Tensor.of(name + BINS, DType.I32, new long[] {state.bins().length}, bins));
      tensors.add(longs(name + COUNTS, state.counts()));
    }
  }

  private static Tensor longs(String name, long... values) {
    ByteBuffer data = bytes(8 * values.length);
    data.asLongBuffer().put(values);
    return Tensor.of(name, DType.I64, new long[] {values.length}, data);
  }

  private static Tensor doubles(String name, List<double[]> rows) {
    int count = rows.stream().mapToInt(r -> r.length).sum();
    ByteBuffer data = bytes(Math.multiplyExact(8, count));
    int at = 0;
    for (double[] row : rows) {
      data.asDoubleBuffer().put(at, row);
      at += row.length;
    }
    return Tensor.of(name, DType.F64, new long[] {count}, data);
  }

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Reads statistics; they go on where they stopped, with the same bits.
   *
   * @throws FiligreeException FIL-0404 where the file cannot be read, FIL-0401 where it is no
   *     safetensors file, FIL-0428 where it holds no statistics or contradicts itself
   */
  public static List<LayerStatistics> read(Path path, Workers workers) {
    SafetensorsFile file = SafetensorsFile.open(path);
    if (!FORMAT.equals(file.metadata().get(FORMAT_KEY))) {
      throw new FiligreeException(Message.FIL_0428, path, "it was not written as such");
    }
    List<LayerStatistics> layers = new ArrayList<>();
    for (Tensor t : file.tensors()) {
      if (t.name().endsWith(TOKENS)) {
        String name = t.name().substring(0, t.name().length() - TOKENS.length());
        layers.add(new Reading(file, name).layer(workers));
      }
    }
    return layers;
  }

  /**
   * The notes of a statistics file.
   *
   * @throws FiligreeException FIL-0404, FIL-0401
   */
  public static Map<String, String> notes(Path path) {
    Map<String, String> notes = new LinkedHashMap<>();
    SafetensorsFile.open(path)
        .metadata()
        .forEach(
            (key, value) -> {
              if (key.startsWith(NOTE)) {
                notes.put(key.substring(NOTE.length()), value);
              }
            });
    return notes;
  }

  /** One layer of an open file. */
  private record Reading(SafetensorsFile file, String name) {

    LayerStatistics layer(Workers workers) {
      double[] sums = doubles(SUMS);
      double[] squares = doubles(SQUARES);
      long tokens = longs(TOKENS, 1)[0];
      check(sums.length > 0 && squares.length == sums.length && tokens >= 0, SQUARES);
      double[][] gram = has(GRAM + 0) ? gram(sums.length) : null;
      MagnitudeThreshold magnitudes = has(LIMITS) ? magnitudes() : null;
      return new LayerStatistics(name, tokens, sums, squares, gram, magnitudes, workers);
    }

    private double[][] gram(int n) {
      double[][] rows = new double[n][];
      for (int from = 0; from < n; from += PIECE) {
        double[] piece = doubles(GRAM + from / PIECE);
        int at = 0;
        for (int j = from; j < Math.min(n, from + PIECE); j++) {
          check(piece.length - at > j, GRAM);
          rows[j] = Arrays.copyOfRange(piece, at, at + j + 1);
          at += j + 1;
        }
        check(at == piece.length, GRAM);
      }
      return rows;
    }

    private MagnitudeThreshold magnitudes() {
      long[] limits = longs(LIMITS, 2);
      check(limits[0] >= 0 && limits[0] <= Integer.MAX_VALUE && limits[1] >= 0, LIMITS);
      Tensor stored = tensor(VALUES, DType.F32);
      float[] values = new float[(int) (stored.bytes() / 4)];
      stored.data().asFloatBuffer().get(values);
      check(values.length <= limits[0], VALUES);
      for (float v : values) {
        check(v >= 0 && Float.isFinite(v), VALUES);
      }
      int[] bins = null;
      long[] counts = null;
      if (has(BINS)) {
        Tensor t = tensor(BINS, DType.I32);
        bins = new int[(int) (t.bytes() / 4)];
        t.data().asIntBuffer().get(bins);
        counts = longs(COUNTS, bins.length);
        for (int i = 0; i < bins.length; i++) {
          check(MagnitudeThreshold.isBin(bins[i]) && counts[i] > 0, BINS);
        }
      }
      return MagnitudeThreshold.of(
          name, new MagnitudeThreshold.State((int) limits[0], limits[1], values, bins, counts));
    }

    private boolean has(String suffix) {
      return file.tensor(name + suffix).isPresent();
    }

    private double[] doubles(String suffix) {
      Tensor t = tensor(suffix, DType.F64);
      double[] out = new double[(int) (t.bytes() / 8)];
      t.data().asDoubleBuffer().get(out);
      for (double v : out) {
        check(Double.isFinite(v), suffix);
      }
      return out;
    }

    private long[] longs(String suffix, int count) {
      Tensor t = tensor(suffix, DType.I64);
      check(t.bytes() == 8L * count, suffix);
      long[] out = new long[count];
      t.data().asLongBuffer().get(out);
      return out;
    }

    private Tensor tensor(String suffix, DType type) {
      Tensor t = file.tensor(name + suffix).orElse(null);
      check(t != null && t.dtype() == type, suffix);
      return t;
    }

    private void check(boolean right, String suffix) {
      if (!right) {
        throw new FiligreeException(
            Message.FIL_0428, file.path(), "tensor " + name + suffix + " is not as it must be");
      }
    }
  }
}
