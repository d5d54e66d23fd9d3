package dev.filigree.decoder.text;

import dev.filigree.file.IoReason;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tokenizer of llama2.c: byte-pair merges, the best score first. Ids 0, 1, 2 are unknown, BOS
 * and EOS, 3 to 258 are bytes.
 */
final class Llama2cTokenizer implements Tokenizer {
  private static final int BYTES = 3;
  private static final int FIRST_PIECE = BYTES + 256;
  private static final long MOST_BYTES = 1L << 28;

  private final List<byte[]> pieces;
  private final float[] scores;
  private final Map<String, Integer> ids = new HashMap<>();

  private Llama2cTokenizer(List<byte[]> pieces, float[] scores) {
    this.pieces = pieces;
    this.scores = scores;
    for (int i = FIRST_PIECE; i < pieces.size(); i++) {
      ids.putIfAbsent(key(pieces.get(i)), i);
    }
  }

  // A char per byte: pieces need not be UTF-8.
  private static String key(byte[] piece) {
    return new String(piece, StandardCharsets.ISO_8859_1);
  }

  static Llama2cTokenizer open(Path path, int ids) {
    ByteBuffer file;
    try {
      if (Files.size(path) > MOST_BYTES) {
        throw refused(path, "it has " + Files.size(path) + " bytes");
      }
      file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, path, IoReason.of(e));
    }
    if (file.remaining() < 4) {
      throw refused(path, "it has " + file.remaining() + " bytes");
    }
    int longest = file.getInt();
    List<byte[]> pieces = new ArrayList<>();
    List<Float> scores = new ArrayList<>();
    while (file.hasRemaining()) {
      if (file.remaining() < 8) {
        throw refused(path, "it ends inside id " + pieces.size());
      }
      scores.add(file.getFloat());
      int length = file.getInt();
      if (length < 0 || length > longest || length > file.remaining()) {
        throw refused(path, "id " + pieces.size() + " claims " + length + " bytes");
      }
      byte[] piece = new byte[length];
      file.get(piece);
      pieces.add(piece);
    }
    if (pieces.size() < FIRST_PIECE) {
      throw refused(path, "it has " + pieces.size() + " ids, fewer than there are bytes");
    }
    if (pieces.size() != ids) {
      throw new FiligreeException(Message.FIL_0711, path, pieces.size(), ids);
    }
    float[] values = new float[scores.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = scores.get(i);
    }
    return new Llama2cTokenizer(pieces, values);
  }

  private static FiligreeException refused(Path path, String reason) {
    return new FiligreeException(Message.FIL_0710, path, reason);
  }

  @Override
  public int size() {
    return pieces.size();
  }

  @Override
  public boolean hasSpecialTokens() {
    return false;
  }

  @Override
  public List<Integer> encode(String text) {
    List<Integer> tokens = new ArrayList<>();
    if (text.isEmpty()) {
      return tokens;
    }
    // A space in front of the text, as SentencePiece puts it.
    String spaced = " " + text;
    for (int i = 0; i < spaced.length(); ) {
      int next = spaced.offsetByCodePoints(i, 1);
      byte[] bytes = spaced.substring(i, next).getBytes(StandardCharsets.UTF_8);
      Integer id = ids.get(key(bytes));
      if (id != null) {
        tokens.add(id);
      } else {
        for (byte b : bytes) {
          tokens.add(BYTES + (b & 0xff));
        }
      }
      i = next;
    }
    while (mergeBest(tokens)) {
      // until no two neighbours form a piece
    }
    return tokens;
  }

  private boolean mergeBest(List<Integer> tokens) {
    float best = Float.NEGATIVE_INFINITY;
    int at = -1;
    int merged = -1;
    for (int i = 0; i + 1 < tokens.size(); i++) {
      Integer id = ids.get(spelling(tokens.get(i)) + spelling(tokens.get(i + 1)));
      if (id != null && scores[id] > best) {
        best = scores[id];
        at = i;
        merged = id;
      }
    }
    if (at < 0) {
      return false;
    }
    tokens.set(at, merged);
    tokens.remove(/* index */ at + 1);
    return true;
  }

  // Bytes are spelled <0x0A> in the file and merge with nothing.
  private String spelling(int id) {
    return key(pieces.get(id));
  }

  @Override
  public String decode(List<Integer> tokens) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    boolean first = true;
    for (int id : tokens) {
      if (id >= BYTES && id < FIRST_PIECE) {
        out.write(id - BYTES);
      } else if (id >= FIRST_PIECE && id < pieces.size()) {
        byte[] piece = pieces.get(id);
        int from = first && piece.length > 0 && piece[0] == ' ' ? 1 : 0;
        out.write(piece, from, piece.length - from);
      }
      first = false;
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {}
}
