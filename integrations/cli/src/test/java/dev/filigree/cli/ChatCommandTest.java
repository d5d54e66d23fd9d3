package dev.filigree.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.filigree.decoder.text.ChatTemplate;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.file.DType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A turn of a chat, on a directory with a tokenizer and a template. */
final class ChatCommandTest {
  private static final String TEMPLATE =
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}"
          + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
  private static final int START = 300;
  private static final int END = 301;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path folder;
  private Path model;

  @BeforeEach
  void files() throws IOException {
    model = TinyModel.write(folder.resolve("m"), DType.F32);
    Files.writeString(model.resolve("tokenizer.json"), tokenizer(END));
    Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
  }

  /** A token for every byte, and two special ones. */
  private static String tokenizer(int end) {
    JsonObject vocab = new JsonObject();
    vocab.addProperty("<unk>", 0);
    for (int b = 0; b < 256; b++) {
      vocab.addProperty(String.format("<0x%02X>", b), 3 + b);
    }
    vocab.addProperty("<|im_start|>", START);
    vocab.addProperty("<|im_end|>", end);
    JsonArray added = new JsonArray();
    for (int id : new int[] {START, end}) {
      JsonObject token = new JsonObject();
      token.addProperty("id", id);
      token.addProperty("content", id == START ? "<|im_start|>" : "<|im_end|>");
      for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
        token.addProperty(flag, false);
      }
      token.addProperty("special", true);
      added.add(token);
    }
    JsonObject bpe = new JsonObject();
    bpe.addProperty("type", "BPE");
    bpe.addProperty("unk_token", "<unk>");
    bpe.addProperty("byte_fallback", true);
    bpe.add("vocab", vocab);
    bpe.add("merges", new JsonArray());
    JsonObject decoder = new JsonObject();
    decoder.addProperty("type", "ByteFallback");
    JsonObject json = new JsonObject();
    json.addProperty("version", "1.0");
    json.add("added_tokens", added);
    json.add("decoder", decoder);
    json.add("model", bpe);
    return json.toString();
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }

  private JsonObject generate(Path from, String... arguments) {
    List<String> all =
        new ArrayList<>(List.of("generate", "--model", from.toString(), "--json", "-"));
    all.addAll(List.of(arguments));
    assertThat(run(all.toArray(new String[0]))).as(err.toString()).isZero();
    return JsonParser.parseString(out.toString()).getAsJsonObject();
  }

  private static List<Integer> ids(JsonObject result) {
    return result.getAsJsonArray("ids").asList().stream().map(JsonElement::getAsInt).toList();
  }

  private void refused(String[] says, String... arguments) {
    List<String> all =
        new ArrayList<>(List.of("generate", "--model", model.toString(), "--steps", "3"));
    all.addAll(List.of(arguments));
    assertThat(run(all.toArray(new String[0]))).isEqualTo(2);
    assertThat(err.toString()).contains(says).doesNotContain("\tat ");
    assertThat(out.toString()).isEmpty();
  }

  /** The ids of the turn, put together by hand. */
  private Path turn() throws IOException {
    List<Integer> ids = new ArrayList<>();
    for (String part : List.of("<", "system\nS", ">", "\n", "<", "user\nhi", ">", "\n", "<")) {
      add(ids, part);
    }
    add(ids, "assistant\n");
    return Files.writeString(folder.resolve("turn.json"), ids.toString());
  }

  private static void add(List<Integer> ids, String part) {
    if (part.equals("<") || part.equals(">")) {
      ids.add(part.equals("<") ? START : END);
    } else {
      part.chars().forEach(c -> ids.add(3 + c));
    }
  }

  @Test
  void theTurnIsWrittenAsTheTemplateSays() throws IOException {
    String[] chat = {"--chat", "hi", "--system", "S", "--steps", "8"};
    JsonObject answer = generate(model, chat);
    JsonObject byHand = generate(model, "--ids", turn().toString(), "--steps", "8");
    assertThat(ids(answer)).isEqualTo(ids(byHand)).isNotEmpty();
    assertThat(answer.get("prompt_tokens")).isEqualTo(byHand.get("prompt_tokens"));
    // As compressed, the directory keeps its template.
    Path packed = folder.resolve("p");
    assertThat(run("compress", "--model", model.toString(), "--out", packed.toString()))
        .as(err.toString())
        .isZero();
    assertThat(ids(generate(packed, chat))).isEqualTo(ids(answer));
  }

  @Test
  void stopIdsOfTheGenerationConfigurationEndTheText() throws IOException {
    String[] chat = {"--chat", "hi", "--steps", "8"};
    List<Integer> free = ids(generate(model, chat));
    assertThat(free).hasSize(8);
    int third = free.get(2);
    Files.writeString(
        model.resolve("generation_config.json"), "{\"eos_token_id\": [7, " + third + "]}");
    assertThat(ids(generate(model, chat))).isEqualTo(free.subList(0, free.indexOf(third)));
    Files.writeString(model.resolve("generation_config.json"), "{\"eos_token_id\": \"x\"}");
    refused(new String[] {"FIL-0701", "generation_config.json"}, "--chat", "hi");
  }

  @Test
  void theEndOfATurnEndsTheText() throws IOException {
    // What is asked has no end of a turn itself, so that its id can be chosen.
    Files.writeString(model.resolve("chat_template.jinja"), "{{ messages[0].content }}");
    String[] chat = {"--chat", "hi", "--steps", "8"};
    List<Integer> free = ids(generate(model, chat));
    assertThat(free).hasSize(8);
    int third = free.get(2);
    Files.writeString(model.resolve("tokenizer.json"), tokenizer(third));
    assertThat(ids(generate(model, chat))).isEqualTo(free.subList(0, free.indexOf(third)));
    // The end of a turn is none where there are no turns.
    String[] ids = {"--ids", Files.writeString(folder.resolve("i"), "[107,108]").toString()};
    assertThat(ids(generate(model, ids[0], ids[1], "--steps", "8"))).isEqualTo(free);
  }

  private int converse(String lines, String... arguments) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8)));
    try {
      List<String> all =
          new ArrayList<>(List.of("generate", "--model", model.toString(), "--chat", "-"));
      all.addAll(List.of(arguments));
      return run(all.toArray(new String[0]));
    } finally {
      System.setIn(before);
    }
  }

  /** The second turn has the first one before it; its ids are those of both at once. */
  @Test
  void messagesComeLineByLine() throws IOException {
    String[] options = {"--system", "S", "--steps", "6", "--json", "-"};
    assertThat(converse("hi\n\nand?\n", options)).as(err.toString()).isZero();
    JsonObject result = JsonParser.parseString(out.toString()).getAsJsonObject();
    JsonArray turns = result.getAsJsonArray("turns");
    assertThat(turns).hasSize(2);
    JsonObject first = turns.get(0).getAsJsonObject();
    JsonObject second = turns.get(1).getAsJsonObject();
    assertThat(ids(first))
        .isEqualTo(ids(generate(model, "--chat", "hi", "--system", "S", "--steps", "6")));
    assertThat(second.get("user").getAsString()).isEqualTo("and?");
    assertThat(second.get("reused_tokens").getAsInt())
        .isGreaterThanOrEqualTo(first.get("prompt_tokens").getAsInt());
    ChatTemplate template = ChatTemplate.of(model);
    List<ChatTemplate.Message> history =
        List.of(
            new ChatTemplate.Message("system", "S"),
            new ChatTemplate.Message("user", "hi"),
            new ChatTemplate.Message("assistant", first.get("text").getAsString()),
            new ChatTemplate.Message("user", "and?"));
    int[] whole;
    try (Tokenizer tokenizer = Tokenizer.open(model.resolve("tokenizer.json"), 512)) {
      whole = template.encode(history, true, tokenizer);
    }
    Path file = Files.writeString(folder.resolve("whole.json"), Arrays.toString(whole));
    assertThat(second.get("prompt_tokens").getAsInt()).isEqualTo(whole.length);
    assertThat(ids(second))
        .isEqualTo(ids(generate(model, "--ids", file.toString(), "--steps", "6")));
    // People see the answers, a line each, and nothing else on standard output.
    assertThat(converse("hi\nand?", "--system", "S", "--steps", "6")).isZero();
    assertThat(out.toString())
        .isEqualTo(
            first.get("text").getAsString()
                + System.lineSeparator()
                + second.get("text").getAsString()
                + System.lineSeparator());
    assertThat(err.toString()).contains("in 2 answers");
    // Nothing said is no failure.
    assertThat(converse("", "--steps", "6")).isZero();
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void aChatThatDoesNotFitInIsOneMessage() {
    assertThat(converse("hi\n" + "a".repeat(600) + "\nhi\n", "--steps", "3")).isEqualTo(2);
    assertThat(err.toString().lines().filter(l -> l.contains("FIL-"))).hasSize(1);
    assertThat(err.toString()).contains("FIL-0886").contains("room for 512");
    assertThat(converse("hi", "--steps", "0")).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0604");
    assertThat(converse("hi", "--steps", "3", "--prompt", "a")).isEqualTo(2);
    assertThat(err.toString()).contains("FIL-0725");
  }

  @Test
  void whatDoesNotGoTogetherIsSaid() throws IOException {
    refused(new String[] {"FIL-0725", "--prompt and --chat"}, "--chat", "a", "--prompt", "b");
    refused(new String[] {"FIL-0725", "--ids and --chat"}, "--chat", "a", "--ids", "b");
    refused(new String[] {"FIL-0862"}, "--system", "a");
    Files.writeString(model.resolve("chat_template.jinja"), "{{ raise_exception('No, thanks.') }}");
    refused(new String[] {"FIL-0861", "No, thanks."}, "--chat", "a");
    Files.delete(model.resolve("chat_template.jinja"));
    refused(new String[] {"FIL-0860", "tokenizer_config.json"}, "--chat", "a");
    Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
    Files.delete(model.resolve("tokenizer.json"));
    refused(new String[] {"FIL-0723", "--chat"}, "--chat", "a");
  }
}
