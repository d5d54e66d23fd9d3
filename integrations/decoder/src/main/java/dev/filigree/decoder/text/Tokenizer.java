package dev.filigree.decoder.text;

import dev.filigree.decoder.gguf.GgufFile;
import dev.filigree.plan.FiligreeException;
import java.nio.file.Path;
import java.util.List;

/** Text to token ids and back. Safe for any number of threads. */
public interface Tokenizer extends AutoCloseable {

  /** How many ids there are. */
  int size();

  /** Whether special tokens in a text become their ids, the end of a turn for example. */
  boolean hasSpecialTokens();

  /** The ids of a text, without an id for its beginning. */
  List<Integer> encode(String text);

  /**
   * The text of ids; the space some tokenizers put in front of the first word is left out. Bytes
   * that are no UTF-8 become replacement characters.
   */
  String decode(List<Integer> ids);

  @Override
  void close();

  /**
   * Opens a tokenizer.
   *
   * @param path a {@code tokenizer.json} of Hugging Face, a GGUF file, or a llama2.c {@code
   *     tokenizer.bin}
   * @param ids how many ids the model has
   * @throws FiligreeException FIL-0404 where it cannot be read, FIL-0710 where it is none, FIL-0711
   *     where it has ids that the model lacks, FIL-0820 to FIL-0823 for that of a GGUF file
   */
  static Tokenizer open(Path path, int ids) {
    if (path.getFileName().toString().endsWith(".json")) {
      return HuggingFaceText.open(path, ids);
    }
    return GgufFile.isOne(path)
        ? HuggingFaceText.ofGguf(path, ids)
        : Llama2cTokenizer.open(path, ids);
  }
}
