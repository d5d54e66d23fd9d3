package dev.filigree.cli.decoder;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.filigree.file.IoReason;
import dev.filigree.file.JsonReason;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads token ids: a JSON array of them, or an array of such arrays. */
public final class IdsFile {
  private IdsFile() {}

  /**
   * Reads sequences.
   *
   * @throws FiligreeException FIL-0720 where it is no such file or holds no id
   */
  public static List<int[]> read(Path file) {
    JsonElement json;
    try {
      json = JsonParser.parseString(Files.readString(file));
    } catch (CharacterCodingException e) {
      throw refused(file, "it is not UTF-8");
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, file, IoReason.of(e));
    } catch (JsonParseException e) {
      throw new FiligreeException(e, Message.FIL_0720, file, JsonReason.of(e));
    }
    if (!(json instanceof JsonArray all)) {
      throw refused(file, "it is " + JsonReason.quoted(json) + ", no array");
    }
    List<int[]> out = new ArrayList<>();
    if (!all.isEmpty() && all.get(0).isJsonArray()) {
      for (JsonElement sequence : all) {
        out.add(ids(file, sequence));
      }
    } else if (!all.isEmpty()) {
      out.add(ids(file, all));
    }
    if (out.isEmpty() || out.stream().anyMatch(s -> s.length == 0)) {
      throw refused(file, "a sequence without ids");
    }
    return out;
  }

  private static int[] ids(Path file, JsonElement sequence) {
    if (!(sequence instanceof JsonArray array)) {
      throw refused(file, JsonReason.quoted(sequence) + " stands among arrays");
    }
    int[] ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = id(file, array.get(i));
    }
    return ids;
  }

  private static int id(Path file, JsonElement value) {
    if (value instanceof JsonPrimitive p && p.isNumber()) {
      try {
        return p.getAsBigDecimal().intValueExact();
      } catch (ArithmeticException | NumberFormatException e) {
        throw new FiligreeException(
            e, Message.FIL_0720, file, JsonReason.quoted(value) + ", which is no id");
      }
    }
    throw refused(file, JsonReason.quoted(value) + ", which is no id");
  }

  private static FiligreeException refused(Path file, String reason) {
    return new FiligreeException(Message.FIL_0720, file, reason);
  }
}
