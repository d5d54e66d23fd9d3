package dev.filigree.decoder.store;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.Projection;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.file.PackedDirectory;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.StoredRemainders;
import dev.filigree.file.Tensor;
import dev.filigree.pack.Remainder;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What R-Sparse has beside thresholds, as a safetensors file: {@link StoredRemainders} of every
 * projection, behind the name of its weights.
 */
final class RemainderFile {
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
    List<Tensor> tensors = new ArrayList<>();
    for (int l = 0; l < setting.remainders().length; l++) {
      for (Projection p : Projection.values()) {
        tensors.addAll(StoredRemainders.tensors(p.weight(l), setting.remainders()[l][p.index()]));
      }
    }
    JsonObject header = new JsonObject();
    long end = 0;
    for (Tensor t : tensors) {
      JsonObject described = new JsonObject();
      described.addProperty("dtype", t.dtype().name());
      described.add("shape", array(t.shape()));
      described.add("data_offsets", array(end, end + t.bytes()));
      header.add(t.name(), described);
      end += t.bytes();
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
    tensors.forEach(t -> out.put(t.data()));
    return out.array();
  }

  private static JsonArray array(long... values) {
    JsonArray out = new JsonArray();
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
    try {
      return StoredRemainders.read(file::tensor, name, outputs, inputs, kept);
    } catch (StoredRemainders.BrokenException e) {
      throw broken(file.path(), e.tensor());
    }
  }

  private static void require(boolean holds, Object where, String what) {
    if (!holds) {
      throw broken(where, what);
    }
  }

  private static FiligreeException broken(Object where, String what) {
    return new FiligreeException(
        Message.FIL_0732, where, what + " is missing or that of another model");
  }
}
