package dev.filigree.decoder.store;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.filigree.decoder.load.PackedModel;
import dev.filigree.file.DataDigest;
import dev.filigree.file.JsonReason;
import dev.filigree.file.PackedDirectory;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Digests of the sequences a packed directory was calibrated on, so that an evaluation on them is
 * noticed although they are no longer there.
 */
public final class SequenceDigests {
  private SequenceDigests() {}

  /** The file's content. */
  private record Json(List<String> sequences) {}

  static byte[] json(List<int[]> sequences) {
    List<String> digests = sequences.stream().map(SequenceDigests::digest).toList();
    return (new Gson().toJson(new Json(digests)) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static String digest(int[] ids) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(ids);
    return DataDigest.of(DataDigest.Role.CALIBRATION, "", List.of(bytes)).sha256();
  }

  /**
   * Refuses sequences a model was calibrated on.
   *
   * @throws FiligreeException FIL-0734 with the first one, FIL-0402 where the file was changed,
   *     FIL-0732 where it cannot be read
   */
  public static void refuseCommon(PackedModel model, List<int[]> evaluation) {
    byte[] text = model.folder().content(PackedDirectory.CALIBRATION).orElse(null);
    if (text == null) {
      return;
    }
    Set<String> known = read(new String(text, StandardCharsets.UTF_8), model.folder().path());
    for (int s = 0; s < evaluation.size(); s++) {
      if (known.contains(digest(evaluation.get(s)))) {
        throw new FiligreeException(Message.FIL_0734, s);
      }
    }
  }

  private static Set<String> read(String text, Path folder) {
    Json json;
    try {
      json = new Gson().fromJson(text, Json.class);
    } catch (JsonParseException | IllegalArgumentException e) {
      throw new FiligreeException(
          e, Message.FIL_0732, folder.resolve(PackedDirectory.CALIBRATION), JsonReason.of(e));
    }
    if (json == null || json.sequences == null) {
      throw new FiligreeException(
          Message.FIL_0732, folder.resolve(PackedDirectory.CALIBRATION), "it has no sequences");
    }
    return new HashSet<>(json.sequences);
  }
}
