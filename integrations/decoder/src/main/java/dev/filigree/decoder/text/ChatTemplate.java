package dev.filigree.decoder.text;

import dev.filigree.decoder.jinja.JinjaException;
import dev.filigree.decoder.jinja.JinjaTemplate;
import dev.filigree.plan.FiligreeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How a model wants a conversation written: a template in the language Jinja, rendered as Hugging
 * Face's {@code apply_chat_template} does. The template is not trusted, see {@link JinjaTemplate}.
 * Safe for any number of threads.
 */
public final class ChatTemplate {
  private final JinjaTemplate template;
  private final Map<String, String> specials;
  private final Object where;

  private ChatTemplate(JinjaTemplate template, Map<String, String> specials, Object where) {
    this.template = template;
    this.specials = specials;
    this.where = where;
  }

  /**
   * One contribution to a conversation.
   *
   * @param role system, user or assistant
   * @param content what was said
   */
  public record Message(String role, String content) {}

  /**
   * The template of a model: {@code chat_template.jinja} or {@code tokenizer_config.json} of a
   * directory, the metadata of a GGUF file.
   *
   * @param model a directory of Hugging Face or a packed one, or a GGUF file
   * @throws FiligreeException FIL-0860 where there is none, FIL-0861 where it cannot be used,
   *     FIL-0404 where a file cannot be read, FIL-0402 where that of a packed directory was changed
   */
  public static ChatTemplate of(Path model) {
    return ChatFiles.template(model);
  }

  /**
   * A template with that text.
   *
   * @param specials texts of special tokens by the name they have in templates, {@code bos_token}
   *     and {@code eos_token} for example
   * @param where named in messages
   * @throws FiligreeException FIL-0861 where it is too long
   */
  public static ChatTemplate of(String text, Map<String, String> specials, Object where) {
    try {
      return new ChatTemplate(new JinjaTemplate(text), Map.copyOf(specials), where);
    } catch (JinjaException e) {
      throw refused(e, where);
    }
  }

  /**
   * A conversation as the model reads it.
   *
   * @param answer whether the beginning of the assistant's turn follows
   * @throws FiligreeException FIL-0861 where the template is malformed or refuses these messages
   */
  public String render(List<Message> messages, boolean answer) {
    List<Object> list = new ArrayList<>();
    for (Message message : messages) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("role", message.role());
      one.put("content", message.content());
      list.add(one);
    }
    Map<String, Object> values = new LinkedHashMap<>(specials);
    values.put("messages", list);
    values.put("add_generation_prompt", answer);
    try {
      return template.render(values);
    } catch (JinjaException e) {
      throw refused(e, where);
    }
  }

  /**
   * The ids of a conversation. Special tokens in the rendered text become their ids, so those in
   * {@link Message#content} do, too, as with Hugging Face. Nothing is put in front: a template
   * writes {@code bos_token} itself where the model wants one.
   *
   * @throws FiligreeException FIL-0861 as {@link #render}, FIL-0863 where the tokenizer has no
   *     special tokens
   */
  public int[] encode(List<Message> messages, boolean answer, Tokenizer tokenizer) {
    if (!tokenizer.hasSpecialTokens()) {
      throw new FiligreeException(dev.filigree.plan.Message.FIL_0863);
    }
    return tokenizer.encode(render(messages, answer)).stream()
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * The ids that end the assistant's turn by their spelling: {@code eos_token}, and those for the
   * end of a turn that the vocabulary has. They add to the ids of the model's configuration.
   */
  public Set<Integer> stops(Tokenizer tokenizer) {
    Set<String> texts = new LinkedHashSet<>(GgufVocabulary.TURN_ENDS);
    String end = specials.getOrDefault("eos_token", "");
    if (!end.isEmpty()) {
      texts.add(end);
    }
    Set<Integer> out = new LinkedHashSet<>();
    for (String text : texts) {
      List<Integer> ids = tokenizer.encode(text);
      // A text that is no special token is cut into several.
      if (ids.size() == 1) {
        out.add(ids.get(0));
      }
    }
    return out;
  }

  private static FiligreeException refused(JinjaException e, Object where) {
    return new FiligreeException(
        e,
        dev.filigree.plan.Message.FIL_0861,
        where,
        e.getMessage().replaceAll("\\b\\w*Exception\\b", "an error"));
  }
}
