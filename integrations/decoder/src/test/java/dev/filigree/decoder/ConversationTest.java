package dev.filigree.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.decoder.generate.Conversation;
import dev.filigree.decoder.generate.Conversation.Answer;
import dev.filigree.decoder.generate.Generator;
import dev.filigree.decoder.generate.Sampler;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.ActivationSetting;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.serve.SessionSettings.Scope;
import dev.filigree.decoder.text.ChatTemplate;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.kernel.ValueType;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Several turns with one cache answer as a fresh prompt with the whole history. */
class ConversationTest {
  private static final DecoderWeights MODEL = RandomModel.of("tiny", 5);
  private static final int CONTEXT = MODEL.config().context();
  private static final int START = 300;
  private static final int END = 301;
  private static final String PLAIN =
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}"
          + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

  /** Writes of earlier answers only their length, and says first how much was said. */
  private static final String CHANGING =
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}"
          + "{% if m.role == 'assistant' %}{{ m.content | length }}{% else %}{{ m.content }}"
          + "{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}";

  /** A token for every byte, and two special ones; others have no text. */
  private static final class Bytes implements Tokenizer {
    @Override
    public int size() {
      return 512;
    }

    @Override
    public boolean hasSpecialTokens() {
      return true;
    }

    @Override
    public List<Integer> encode(String text) {
      String marked = text.replace("<|im_start|>", "\u0001").replace("<|im_end|>", "\u0002");
      List<Integer> ids = new ArrayList<>();
      for (byte b : marked.getBytes(StandardCharsets.UTF_8)) {
        ids.add(b == 1 ? START : b == 2 ? END : 3 + (b & 0xff));
      }
      return ids;
    }

    @Override
    public String decode(List<Integer> ids) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      ids.stream().filter(i -> i >= 3 + 3 && i < 3 + 256).forEach(i -> bytes.write(i - 3));
      return bytes.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {}
  }

  private static final Tokenizer TOKENIZER = new Bytes();

  private static ChatTemplate template(String text) {
    return ChatTemplate.of(text, Map.of(), "test");
  }

  private static Sampler greedy() {
    return new Sampler(Sampler.Settings.GREEDY);
  }

  private static PackedDecoder pack(ActivationSetting activation) {
    return PackedDecoder.pack(MODEL, activation.packing(ValueType.F32));
  }

  private static String message(SplittableRandom random) {
    StringBuilder text = new StringBuilder();
    random.ints(random.nextInt(1, 25), 'a', 'z').forEach(c -> text.append((char) c));
    return text.toString();
  }

  /** Says random messages; every answer is that of the whole history at once. */
  private static List<Answer> converse(
      String jinja, ActivationSetting activation, Scope scope, long seed) {
    ChatTemplate template = template(jinja);
    SessionSettings settings = new SessionSettings(CONTEXT, activation, scope, 0);
    List<ChatTemplate.Message> history = new ArrayList<>();
    history.add(new ChatTemplate.Message("system", "Be brief."));
    List<Answer> answers = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(seed);
    try (PackedDecoder packed = pack(activation)) {
      Conversation chat =
          new Conversation(packed, template, TOKENIZER, settings, List.copyOf(history));
      for (int turn = 0; turn < 8; turn++) {
        String said = message(random);
        history.add(new ChatTemplate.Message("user", said));
        int[] prompt = template.encode(history, true, TOKENIZER);
        List<Integer> expected =
            new Generator(packed)
                .run(prompt, 9, greedy(), settings, template.stops(TOKENIZER), id -> true)
                .ids();
        StringBuilder streamed = new StringBuilder();
        Answer answer = chat.say(said, 9, greedy(), streamed::append);
        assertThat(answer.ids()).as("seed %s, turn %s", seed, turn).isEqualTo(expected);
        assertThat(answer.promptTokens()).isEqualTo(prompt.length);
        assertThat(streamed).hasToString(answer.text());
        history.add(new ChatTemplate.Message("assistant", answer.text()));
        assertThat(chat.messages()).isEqualTo(history);
        answers.add(answer);
      }
      int last = answers.get(7).promptTokens();
      assertThat(last).as("so that the cache has grown").isBetween(257, CONTEXT - 9);
      assertThat(chat.session().position()).isGreaterThanOrEqualTo(last);
    }
    return answers;
  }

  @Test
  void manyTurnsAnswerAsTheWholeHistoryAtOnce() {
    for (long seed = 1; seed <= 2; seed++) {
      List<Answer> answers = converse(PLAIN, ActivationSetting.NONE, Scope.DECODE, seed);
      assertThat(answers.get(0).reusedTokens()).isZero();
      for (int i = 1; i < answers.size(); i++) {
        // What was said before, at least, is not fed again.
        assertThat(answers.get(i).reusedTokens())
            .isGreaterThanOrEqualTo(answers.get(i - 1).promptTokens());
      }
    }
  }

  @Test
  void aTemplateMayWriteEarlierTurnsOtherwise() {
    List<Answer> answers = converse(CHANGING, ActivationSetting.NONE, Scope.DECODE, 3);
    for (int i = 1; i < answers.size(); i++) {
      assertThat(answers.get(i).reusedTokens())
          .isBetween(answers.get(i - 1).promptTokens(), answers.get(i).promptTokens() - 20);
    }
  }

  @Test
  void skippedActivations() {
    converse(PLAIN, new ActivationSetting(Method.TOPK, 0.5, null), Scope.ALL, 4);
    List<Answer> fresh =
        converse(PLAIN, new ActivationSetting(Method.COREINFER, 0.5, null), Scope.DECODE, 4);
    assertThat(fresh).allMatch(a -> a.reusedTokens() == 0);
  }

  @Test
  void aFullContextIsSaidAndChangesNothing() {
    try (PackedDecoder packed = pack(ActivationSetting.NONE)) {
      Conversation chat =
          new Conversation(
              packed, template(PLAIN), TOKENIZER, SessionSettings.dense(60), List.of());
      // <|im_start|>, "user" and a line's end, the message, <|im_end|>, and so on.
      Answer first = chat.say("a".repeat(20), 3, greedy(), piece -> {});
      assertThat(first.promptTokens()).isEqualTo(1 + 5 + 20 + 2 + 1 + 10);
      assertThat(first.full()).isFalse();
      List<ChatTemplate.Message> before = chat.messages();
      int[] whole =
          template(PLAIN)
              .encode(
                  List.of(
                      before.get(0),
                      before.get(1),
                      new ChatTemplate.Message("user", "b".repeat(30))),
                  true,
                  TOKENIZER);
      assertThatThrownBy(() -> chat.say("b".repeat(30), 3, greedy(), piece -> {}))
          .hasMessage(
              "FIL-0886: The conversation has "
                  + whole.length
                  + " tokens with this message, and there is room for 60. Begin a new one, or say"
                  + " less.");
      assertThat(chat.messages()).isEqualTo(before);
      Conversation other =
          new Conversation(
              packed, template(PLAIN), TOKENIZER, SessionSettings.dense(40), List.of());
      Answer cut = other.say("a".repeat(19), 50, greedy(), piece -> {});
      assertThat(cut.full()).isTrue();
      assertThat(cut.promptTokens() + cut.ids().size()).isEqualTo(40);
      assertThatThrownBy(
              () ->
                  new Conversation(
                      packed,
                      template(PLAIN),
                      TOKENIZER,
                      SessionSettings.dense(CONTEXT + 1),
                      List.of()))
          .hasMessageContaining("FIL-0713");
    }
  }
}
