package dev.filigree.cli.decoder;

import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.text.ChatTemplate;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What a generated text begins with: at most one of a prompt, ids and a turn of a chat.
 *
 * @param prompt a text, or null
 * @param ids a file with one sequence, or null
 * @param chat what the user says, or null
 * @param system what is said before, or null
 */
public record TextBeginning(String prompt, Path ids, String chat, String system) {

  /** Whether messages of a chat are read from standard input. */
  public boolean isConversation() {
    return "-".equals(chat);
  }

  /**
   * Checks what goes together.
   *
   * @throws FiligreeException FIL-0725 where there are several, FIL-0862 for a system message alone
   */
  public TextBeginning {
    List<String> given = new ArrayList<>();
    if (prompt != null) {
      given.add("--prompt");
    }
    if (ids != null) {
      given.add("--ids");
    }
    if (chat != null) {
      given.add("--chat");
    }
    if (given.size() > 1) {
      throw new FiligreeException(Message.FIL_0725, given.get(0), given.get(1));
    }
    if (system != null && chat == null) {
      throw new FiligreeException(Message.FIL_0862);
    }
  }

  /**
   * The ids, and those that end the text beside the ones of the model.
   *
   * @param ids at least one, where the model begins texts with one
   * @param stops empty but for a chat
   */
  record Tokens(List<Integer> ids, Set<Integer> stops) {
    static Tokens of(IntStream ids, Set<Integer> stops) {
      return new Tokens(ids.boxed().toList(), stops);
    }
  }

  /**
   * Reads it as tokens.
   *
   * @param model the path, or null for random weights
   * @param codec null where there is no tokenizer
   */
  Tokens tokens(Path model, DecoderConfig config, Tokenizer codec) {
    if (ids != null) {
      List<int[]> sequences = IdsFile.read(ids);
      if (sequences.size() != 1) {
        throw new FiligreeException(Message.FIL_0720, ids, sequences.size() + " sequences");
      }
      return Tokens.of(IntStream.of(sequences.get(0)), Set.of());
    }
    if (chat != null) {
      return turn(model, codec);
    }
    IntStream bos = config.bos() < 0 ? IntStream.empty() : IntStream.of(config.bos());
    if (prompt == null || prompt.isEmpty()) {
      return Tokens.of(bos, Set.of());
    }
    need(codec, "--prompt");
    IntStream text = codec.encode(prompt).stream().mapToInt(Integer::intValue);
    return Tokens.of(IntStream.concat(bos, text), Set.of());
  }

  /**
   * The chat template of a model.
   *
   * @param model the path, or null for random weights, which have none
   */
  static ChatTemplate template(Path model) {
    if (model == null) {
      throw new FiligreeException(Message.FIL_0860, "--random-model", "it has weights only");
    }
    return ChatTemplate.of(model);
  }

  private Tokens turn(Path model, Tokenizer codec) {
    ChatTemplate template = template(model);
    need(codec, "--chat");
    List<ChatTemplate.Message> messages = new ArrayList<>();
    if (system != null) {
      messages.add(new ChatTemplate.Message("system", system));
    }
    messages.add(new ChatTemplate.Message("user", chat));
    int[] turn = template.encode(messages, /* answer= */ true, codec);
    return Tokens.of(IntStream.of(turn), template.stops(codec));
  }

  /** Refuses an option where there is no tokenizer. */
  static void need(Object tokenizer, String option) {
    if (tokenizer == null) {
      throw new FiligreeException(Message.FIL_0723, option);
    }
  }
}
