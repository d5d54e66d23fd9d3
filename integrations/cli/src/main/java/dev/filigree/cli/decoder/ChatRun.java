package dev.filigree.cli.decoder;

import dev.filigree.decoder.generate.Conversation;
import dev.filigree.decoder.generate.Sampler;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.text.ChatTemplate;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.file.IoReason;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.samples.digits.Progress;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A chat of several turns, a message a line.
 *
 * @param spec the model
 * @param system said before all, or null
 * @param tokenizer or null, which is refused
 * @param steps most new tokens of an answer
 * @param sampling how they are drawn
 * @param settings of the session but for its capacity and activation
 */
public record ChatRun(
    DecoderSpec spec,
    String system,
    Path tokenizer,
    int steps,
    Sampler.Settings sampling,
    Phase settings) {

  /**
   * How activations are skipped.
   *
   * @param scope in which phase
   * @param keepFirst positions that skip nothing
   * @param returnToDense whether a lasting shortfall of sparsity ends the skipping
   */
  public record Phase(SessionSettings.Scope scope, int keepFirst, boolean returnToDense) {}

  /** Shows a chat. */
  public interface Screen {
    /** The user is to say something. */
    void ask();

    /** A piece of the answer. */
    void text(String piece);

    /** The answer has ended. */
    void end();
  }

  /**
   * Does it, until there are no more lines.
   *
   * @param lines messages; empty lines are passed over
   * @throws FiligreeException FIL-0860 and FIL-0723 where the model has no template or tokenizer,
   *     FIL-0886 where the context is full, and as {@link GenerateRun#run}
   */
  public ChatResult run(Progress progress, BufferedReader lines, Screen screen) {
    if (steps < 1) {
      throw new FiligreeException(Message.FIL_0604, "--steps", steps, "1 or more");
    }
    ChatTemplate template = TextBeginning.template(spec.model());
    TextBeginning.need(tokenizer, "--chat");
    DecoderWeights untouched = spec.open();
    DecoderConfig config = untouched.config();
    try (Tokenizer codec = Tokenizer.open(tokenizer, config.vocab());
        PreparedDecoder model = spec.prepare(untouched, progress)) {
      Conversation conversation =
          new Conversation(
              model.packed(),
              template,
              codec,
              new SessionSettings(
                  config.context(),
                  model.activation(),
                  settings.scope(),
                  settings.keepFirst(),
                  settings.returnToDense()),
              system == null ? List.of() : List.of(new ChatTemplate.Message("system", system)));
      Sampler sampler = new Sampler(sampling);
      List<ChatResult.Turn> turns = new ArrayList<>();
      screen.ask();
      for (String line = next(lines); line != null; line = next(lines)) {
        if (!line.isBlank()) {
          Conversation.Answer answer = conversation.say(line, steps, sampler, screen::text);
          screen.end();
          turns.add(ChatResult.Turn.of(line, answer));
        }
        screen.ask();
      }
      return ChatResult.of(spec, model, conversation, turns);
    }
  }

  private static String next(BufferedReader lines) {
    try {
      return lines.readLine();
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, "standard input", IoReason.of(e));
    }
  }
}
