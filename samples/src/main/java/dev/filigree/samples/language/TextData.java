package dev.filigree.samples.language;

import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A text as ids: the first nine tenths to train on, the rest to judge by.
 *
 * @param train ids of the beginning
 * @param heldOut ids of the rest
 * @param window tokens of a sequence
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record TextData(int[] train, int[] heldOut, int window) {
  private static final double TRAINED = 0.9;

  /** Where the part that is held out begins, at a word. */
  static int split(String text) {
    int at = (int) (TRAINED * text.length());
    int space = text.indexOf(' ', at);
    return space < 0 ? at : space;
  }

  /**
   * Encodes a text.
   *
   * @throws FiligreeException FIL-0832 where either part is shorter than a window
   */
  static TextData of(String text, Tokenizer tokenizer, int window) {
    int at = split(text);
    TextData data =
        new TextData(
            ids(tokenizer, text.substring(0, at)), ids(tokenizer, text.substring(at)), window);
    int least = Math.min(data.train.length, data.heldOut.length);
    if (least <= window) {
      throw new FiligreeException(Message.FIL_0832, least, window);
    }
    return data;
  }

  private static int[] ids(Tokenizer tokenizer, String text) {
    return tokenizer.encode(text).stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Sequences of {@code window} + 1 ids, the first of which begins a text: what is read and, from
   * the second on, what is to be predicted.
   *
   * @param ids where they are taken from
   */
  private int[] at(int[] ids, int begin) {
    int[] out = new int[window + 1];
    out[0] = BytePairs.END_OF_TEXT;
    System.arraycopy(ids, begin, out, 1, window);
    return out;
  }

  /** Sequences from anywhere in the part to train on. */
  List<int[]> drawn(SplittableRandom random, int count) {
    List<int[]> out = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      out.add(at(train, random.nextInt(train.length - window + 1)));
    }
    return out;
  }

  /** The first sequences of the part that is held out, at most that many. */
  List<int[]> judged(int most) {
    List<int[]> out = new ArrayList<>();
    for (int i = 0; i + window <= heldOut.length && out.size() < most; i += window) {
      out.add(at(heldOut, i));
    }
    return out;
  }

  /** Sequences as a JSON array of arrays. */
  static String json(List<int[]> sequences) {
    return sequences.stream().map(Arrays::toString).toList() + "\n";
  }
}
