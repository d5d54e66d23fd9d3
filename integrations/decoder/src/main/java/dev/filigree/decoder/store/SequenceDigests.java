package dev.filigree.decoder.store;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.filigree.decoder.load.PackedModel;
import dev.filigree.file.DataDigest;
import dev.filigree.file.JsonReason;
import dev.filigree.file.PackedDirectory;
import dev.filigree.file.WindowDigests;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Digests of the sequences a packed directory was calibrated on, and of their windows of 13 ids, so
 * that an evaluation on them is noticed although they are no longer there.
 */
public final class SequenceDigests {
  private SequenceDigests() {}

  /**
   * The file's content.
   *
   * @param windows as {@link WindowDigests#text}; null in files of earlier versions
   */
  private record Json(List<String> sequences, String windows) {}

  /**
   * The file's content.
   *
   * @param earlier the content for what the model was calibrated on before, or null
   * @param folder it came from, for messages
   */
  static byte[] json(List<int[]> sequences, byte[] earlier, Path folder) {
    List<String> digests = new ArrayList<>();
    WindowDigests windows = WindowDigests.of(sequences);
    if (earlier != null) {
      Json before = read(earlier, folder);
      digests.addAll(before.sequences);
      windows.add(windows(before, folder));
    }
    sequences.forEach(ids -> digests.add(digest(ids)));
    return (new Gson().toJson(new Json(digests, windows.text())) + "\n")
        .getBytes(StandardCharsets.UTF_8);
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
    Optional<Json> json = of(model);
    Set<String> known = new HashSet<>(json.map(Json::sequences).orElse(List.of()));
    for (int s = 0; s < evaluation.size(); s++) {
      if (known.contains(digest(evaluation.get(s)))) {
        throw new FiligreeException(Message.FIL_0734, s);
      }
    }
  }

  /**
   * The windows of 13 ids of what a model was calibrated on; empty where it does not say.
   *
   * @throws FiligreeException as {@link #refuseCommon}
   */
  public static Optional<WindowDigests> windows(PackedModel model) {
    return of(model)
        .filter(json -> json.windows != null)
        .map(json -> windows(json, model.folder().path()));
  }

  private static Optional<Json> of(PackedModel model) {
    return model
        .folder()
        .content(PackedDirectory.CALIBRATION)
        .map(text -> read(text, model.folder().path()));
  }

  private static WindowDigests windows(Json json, Path folder) {
    return WindowDigests.parse(json.windows == null ? "" : json.windows)
        .orElseThrow(() -> unreadable(folder, "its windows are no digests"));
  }

  private static Json read(byte[] text, Path folder) {
    Json json;
    try {
      json = new Gson().fromJson(new String(text, StandardCharsets.UTF_8), Json.class);
    } catch (JsonParseException | IllegalArgumentException e) {
      throw unreadable(folder, JsonReason.of(e));
    }
    if (json == null || json.sequences == null) {
      throw unreadable(folder, "it has no sequences");
    }
    return json;
  }

  private static FiligreeException unreadable(Path folder, String reason) {
    return new FiligreeException(
        Message.FIL_0732, folder.resolve(PackedDirectory.CALIBRATION), reason);
  }
}
