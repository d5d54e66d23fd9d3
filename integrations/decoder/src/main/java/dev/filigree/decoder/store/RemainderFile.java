package dev.filigree.decoder.store;

import com.google.gson.JsonObject;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.Remainder;
import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.PackedDirectory;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.Tensor;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What R-Sparse has beside thresholds, as a safetensors file: for every projection, behind the name
 * of its weights, {@code .norms} [inputs], and where its rank is above 0 {@code .in} [rank, inputs]
 * and {@code .out} [outputs, rank]. All is float32, so that it serves weights of any type as it did
 * when it was found.
 */
final class RemainderFile {
  private static final String NORMS = ".norms";
  private static final String IN = ".in";
  private static final String OUT = ".out";

  private RemainderFile() {}

  /** How many inputs each projection keeps, which is no tensor. */
  static int[][] kept(Remainder[][] remainders) {
    return Arrays.stream(remainders)
        .map(row -> Arrays.stream(row).mapToInt(Remainder::kept).toArray())
        .toArray(int[][]::new);
  }

  /**
   * The content of the file.
   *
   * @throws FiligreeException FIL-0880 where it would be too large
   */
  static byte[] bytes(ActivationSetting setting) {
    Map<String, float[]> tensors = new LinkedHashMap<>();
    JsonObject header = new JsonObject();
    long end = 0;
    for (int l = 0; l < setting.remainders().length; l++) {
      for (Projection p : Projection.values()) {
        Remainder r = setting.remainders()[l][p.index()];
        String name = p.weight(l);
        end = add(tensors, header, end, name + NORMS, r.norms(), r.inputs());
        if (r.rank() > 0) {
          end = add(tensors, header, end, name + IN, r.in(), r.rank(), r.inputs());
          int outputs = r.out().length / r.rank();
          end = add(tensors, header, end, name + OUT, r.out(), outputs, r.rank());
        }
      }
    }
    StringBuilder text = new StringBuilder(header.toString());
    while (text.length() % Double.BYTES != 0) {
      text.append(' ');
    }
    long all = Double.BYTES + text.length() + end;
    if (all > PackedDirectory.MOST_BYTES) {
      String method = setting.method().label();
      throw new FiligreeException(
          Message.FIL_0880, method, all, PackedDirectory.MOST_BYTES, setting.text(":"));
    }
    ByteBuffer out = ByteBuffer.allocate((int) all).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(text.length()).put(text.toString().getBytes(StandardCharsets.US_ASCII));
    for (float[] values : tensors.values()) {
      out.asFloatBuffer().put(values);
      out.position(out.position() + Float.BYTES * values.length);
    }
    return out.array();
  }

  private static long add(
      Map<String, float[]> tensors,
      JsonObject header,
      long begin,
      String name,
      float[] values,
      int... shape) {
    long end = begin + (long) Float.BYTES * values.length;
    JsonObject tensor = new JsonObject();
    tensor.addProperty("dtype", DType.F32.name());
    tensor.add("shape", array(Arrays.stream(shape).asLongStream().toArray()));
    tensor.add("data_offsets", array(begin, end));
    header.add(name, tensor);
    tensors.put(name, values);
    return end;
  }

  private static com.google.gson.JsonArray array(long... values) {
    com.google.gson.JsonArray out = new com.google.gson.JsonArray();
    Arrays.stream(values).forEach(out::add);
    return out;
  }

  /**
   * Reads the file of a directory.
   *
   * @param kept as {@link #kept} made it
   * @throws FiligreeException FIL-0402 where it was changed, FIL-0732 where it is missing or does
   *     not fit the model, and as {@link SafetensorsFile#open}
   */
  static Remainder[][] read(PackedDirectory folder, DecoderConfig config, int[][] kept) {
    Object where = folder.path().resolve(PackedDirectory.REMAINDERS);
    require(kept != null && kept.length == config.layers(), where, "no kept inputs");
    // Read once for its digest.
    require(folder.content(PackedDirectory.REMAINDERS).isPresent(), where, "the file");
    SafetensorsFile file =
        SafetensorsFile.open(folder.file(PackedDirectory.REMAINDERS).orElseThrow());
    Remainder[][] out = new Remainder[config.layers()][Projection.values().length];
    for (int l = 0; l < out.length; l++) {
      require(kept[l] != null && kept[l].length == out[l].length, where, "no kept inputs");
      for (Projection p : Projection.values()) {
        int count = kept[l][p.index()];
        int inputs = p.cols(config);
        require(count >= 0 && count <= inputs, where, "kept inputs of " + p.weight(l));
        out[l][p.index()] = one(file, p.weight(l), p.rows(config), inputs, count);
      }
    }
    return out;
  }

  private static Remainder one(
      SafetensorsFile file, String name, int outputs, int inputs, int kept) {
    int rank =
        file.tensor(name + IN)
            .filter(t -> t.shape().length == 2)
            .map(t -> (int) Math.min(t.shape()[0], Integer.MAX_VALUE))
            .orElse(0);
    require(rank <= Math.min(inputs, outputs), file.path(), name + IN);
    return new Remainder(
        values(file, name + NORMS, inputs),
        kept,
        rank,
        rank == 0 ? new float[0] : values(file, name + IN, rank, inputs),
        rank == 0 ? new float[0] : values(file, name + OUT, outputs, rank));
  }

  private static float[] values(SafetensorsFile file, String name, long... shape) {
    Tensor tensor = file.tensor(name).orElse(null);
    require(
        tensor != null && tensor.dtype() == DType.F32 && Arrays.equals(tensor.shape(), shape),
        file.path(),
        name);
    float[] out = new float[Math.toIntExact(tensor.bytes() / Float.BYTES)];
    FloatTensor.of(tensor).read(0, FloatBuffer.wrap(out));
    for (float v : out) {
      require(Float.isFinite(v), file.path(), name);
    }
    return out;
  }

  private static void require(boolean holds, Object where, String what) {
    if (!holds) {
      throw new FiligreeException(
          Message.FIL_0732, where, what + " is missing or that of another model");
    }
  }
}
