package dev.filigree.cli.decoder;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.math.BigDecimal;
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
    try {
      JsonArray json = JsonParser.parseString(Files.readString(file)).getAsJsonArray();
      List<int[]> out = new ArrayList<>();
      if (!json.isEmpty() && json.get(0).isJsonArray()) {
        for (JsonElement sequence : json) {
          out.add(ids(file, sequence.getAsJsonArray()));
        }
      } else if (!json.isEmpty()) {
        out.add(ids(file, json));
      }
      if (out.isEmpty() || out.stream().anyMatch(s -> s.length == 0)) {
        throw new FiligreeException(Message.FIL_0720, file, "a sequence without ids");
      }
      return out;
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, file, e.getMessage());
    } catch (JsonParseException
        | IllegalStateException
        | UnsupportedOperationException
        | NumberFormatException e) {
      throw new FiligreeException(e, Message.FIL_0720, file, e.getMessage());
    }
  }

  private static int[] ids(Path file, JsonArray array) {
    int[] ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = id(file, array.get(i).getAsBigDecimal());
    }
    return ids;
  }

  private static int id(Path file, BigDecimal number) {
    try {
      return number.intValueExact();
    } catch (ArithmeticException e) {
      throw new FiligreeException(e, Message.FIL_0720, file, number + ", which is no id");
    }
  }
}
