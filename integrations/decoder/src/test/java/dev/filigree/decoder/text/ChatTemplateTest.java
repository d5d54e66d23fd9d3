package dev.filigree.decoder.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.filigree.decoder.text.ChatTemplate.Message;
import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Templates in the form that models have them; the texts expected are those their authors give. */
final class ChatTemplateTest {
  private static final Message SYSTEM = new Message("system", "Be brief.");
  private static final Message USER = new Message("user", " Why <b>\u2014?\n");
  private static final Message ASSISTANT = new Message("assistant", "So.");
  private static final Message AGAIN = new Message("user", "Really?");
  private static final String CHAT_ML =
      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content']"
          + " + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}"
          + "{{ '<|im_start|>assistant\\n' }}{% endif %}";
  @TempDir private Path folder;

  private static String render(String template, Message... messages) {
    return ChatTemplate.of(template, Map.of("bos_token", "<s>", "eos_token", "</s>"), "test")
        .render(List.of(messages), /* answer= */ true);
  }

  private static String lines(String... lines) {
    return String.join("\n", lines);
  }

  @Test
  void chatMl() {
    String expected =
        lines(
            "<|im_start|>system",
            "Be brief.<|im_end|>",
            "<|im_start|>user",
            " Why <b>\u2014?",
            "<|im_end|>",
            "<|im_start|>assistant",
            "");
    assertThat(render(CHAT_ML, SYSTEM, USER)).isEqualTo(expected);
    // In JSON the line breaks of texts may be real ones.
    assertThat(render(CHAT_ML.replace("\\n", "\n"), SYSTEM, USER)).isEqualTo(expected);
    assertThat(
            ChatTemplate.of(CHAT_ML, Map.of(), "test").render(List.of(AGAIN), /* answer= */ false))
        .isEqualTo("<|im_start|>user\nReally?<|im_end|>\n");
  }

  @Test
  void qwen() {
    String template =
        """
        {%- if tools %}
            {{- '<|im_start|>system\\n' }}
            {%- for tool in tools %}
                {{- "\\n" }}
                {{- tool | tojson }}
            {%- endfor %}
        {%- else %}
            {%- if messages[0]['role'] == 'system' %}
                {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
            {%- else %}
                {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
            {%- endif %}
        {%- endif %}
        {%- for message in messages %}
            {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
                {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
            {%- elif message.role == "assistant" %}
                {{- '<|im_start|>' + message.role }}
                {%- for tool_call in message.tool_calls %}
                    {{- '\\n<tool_call>' + tool_call.name }}
                {%- endfor %}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\\n' }}
        {%- endif %}
        """;
    assertThat(render(template, AGAIN))
        .isEqualTo(
            lines(
                "<|im_start|>system",
                "You are a helpful assistant.<|im_end|>",
                "<|im_start|>user",
                "Really?<|im_end|>",
                "<|im_start|>assistant",
                ""));
    assertThat(render(template, SYSTEM, USER, ASSISTANT, AGAIN))
        .isEqualTo(
            lines(
                "<|im_start|>system",
                "Be brief.<|im_end|>",
                "<|im_start|>user",
                " Why <b>\u2014?",
                "<|im_end|>",
                "<|im_start|>assistant",
                "So.<|im_end|>",
                "<|im_start|>user",
                "Really?<|im_end|>",
                "<|im_start|>assistant",
                ""));
  }

  @Test
  void llama2() {
    String template =
        "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}"
            + "{% set first = messages[0]['content'] %}{% else %}{% set rest = messages %}"
            + "{% set first = false %}{% endif %}{% for message in rest %}"
            + "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
            + "{{ raise_exception('Roles must alternate: user, assistant, user, ...') }}{% endif %}"
            + "{% if loop.index0 == 0 and first != false %}"
            + "{% set content = '<<SYS>>\\n' + first + '\\n<</SYS>>\\n\\n' + message['content'] %}"
            + "{% else %}{% set content = message['content'] %}{% endif %}"
            + "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + '"
            + " [/INST]' }}{% elif message['role'] == 'assistant' %}"
            + "{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}";
    assertThat(render(template, SYSTEM, USER, ASSISTANT, AGAIN))
        .isEqualTo(
            "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\n Why <b>\u2014? [/INST] So. </s>"
                + "<s>[INST] Really? [/INST]");
    assertThat(render(template, USER)).isEqualTo("<s>[INST] Why <b>\u2014? [/INST]");
    assertThatThrownBy(() -> render(template, USER, AGAIN))
        .isInstanceOf(FiligreeException.class)
        .hasMessageContainingAll("FIL-0861", "Roles must alternate: user, assistant, user, ...");
  }

  @Test
  void llama3() {
    String template =
        "{% set all = messages %}{% for message in all %}{% set content = '<|start_header_id|>' +"
            + " message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim +"
            + " '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}"
            + "{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}"
            + "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}";
    assertThat(render(template, SYSTEM, USER))
        .isEqualTo(
            "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
                + "<|start_header_id|>user<|end_header_id|>\n\nWhy <b>\u2014?<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\n");
  }

  @Test
  void llama31() {
    String template =
        """
        {{- bos_token }}
        {%- if custom_tools is defined %}
            {%- set tools = custom_tools %}
        {%- endif %}
        {%- if not date_string is defined %}
            {%- if strftime_now is defined and false %}
                {%- set date_string = strftime_now("%d %b %Y") %}
            {%- else %}
                {%- set date_string = "26 Jul 2024" %}
            {%- endif %}
        {%- endif %}
        {%- if not tools is defined %}
            {%- set tools = none %}
        {%- endif %}

        {#- The first message, if it is for the system. #}
        {%- if messages[0]['role'] == 'system' %}
            {%- set system_message = messages[0]['content']|trim %}
            {%- set messages = messages[1:] %}
        {%- else %}
            {%- set system_message = "" %}
        {%- endif %}

        {{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
        {%- if builtin_tools is defined or tools is not none %}
            {{- "Environment: ipython\\n" }}
        {%- endif %}
        {%- if builtin_tools is defined %}
            {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\\n\\n"}}
        {%- endif %}
        {{- "Today Date: " + date_string + "\\n\\n" }}
        {{- system_message }}
        {{- "<|eot_id|>" }}
        {%- for message in messages %}
            {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
                {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
            {%- elif 'tool_calls' in message %}
                {%- if not message.tool_calls|length == 1 %}
                    {{- raise_exception("One tool call at a time.") }}
                {%- endif %}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
        {%- endif %}
        """;
    assertThat(render(template, SYSTEM, USER))
        .isEqualTo(
            lines(
                "<s><|start_header_id|>system<|end_header_id|>",
                "",
                "Today Date: 26 Jul 2024",
                "",
                "Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>",
                "",
                "Why <b>\u2014?<|eot_id|><|start_header_id|>assistant<|end_header_id|>",
                "",
                ""));
  }

  @Test
  void mistral() {
    String first =
        "{{ bos_token }}{% for message in messages %}"
            + "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
            + "{{ raise_exception('Roles must alternate!') }}{% endif %}"
            + "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
            + "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}"
            + "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}"
            + "{% endif %}{% endfor %}";
    assertThat(render(first, AGAIN, ASSISTANT, AGAIN))
        .isEqualTo("<s>[INST] Really? [/INST]So.</s>[INST] Really? [/INST]");
    assertThatThrownBy(() -> render(first, SYSTEM, AGAIN)).hasMessageContaining("must alternate!");

    String third =
        """
        {%- if messages[0]["role"] == "system" %}
            {%- set system_message = messages[0]["content"] %}
            {%- set loop_messages = messages[1:] %}
        {%- else %}
            {%- set loop_messages = messages %}
        {%- endif %}
        {%- if not tools is defined %}
            {%- set tools = none %}
        {%- endif %}
        {%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
        {%- set ns = namespace() %}
        {%- set ns.index = 0 %}
        {%- for message in loop_messages %}
            {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
                {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
                    {{- raise_exception("Roles must alternate") }}
                {%- endif %}
                {%- set ns.index = ns.index + 1 %}
            {%- endif %}
        {%- endfor %}

        {{- bos_token }}
        {%- for message in loop_messages %}
            {%- if message["role"] == "user" %}
                {%- if tools is not none and (message == user_messages[-1]) %}
                    {{- "[AVAILABLE_TOOLS]" }}
                {%- endif %}
                {%- if loop.last and system_message is defined %}
                    {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
                {%- else %}
                    {{- "[INST] " + message["content"] + "[/INST]" }}
                {%- endif %}
            {%- elif message["role"] == "assistant" %}
                {{- " " + message["content"]|trim + eos_token}}
            {%- endif %}
        {%- endfor %}
        """;
    assertThat(render(third, SYSTEM, AGAIN, ASSISTANT, AGAIN))
        .isEqualTo("<s>[INST] Really?[/INST] So.</s>[INST] Be brief.\n\nReally?[/INST]");
    assertThatThrownBy(() -> render(third, AGAIN, AGAIN)).hasMessageContaining("Roles must");
  }

  @Test
  void zephyr() {
    String template =
        """
        {% for message in messages %}
        {% if message['role'] == 'user' %}
        {{ '<|user|>\\n' + message['content'] + eos_token }}
        {% elif message['role'] == 'system' %}
        {{ '<|system|>\\n' + message['content'] + eos_token }}
        {% elif message['role'] == 'assistant' %}
        {{ '<|assistant|>\\n'  + message['content'] + eos_token }}
        {% endif %}
        {% if loop.last and add_generation_prompt %}
        {{ '<|assistant|>' }}
        {% endif %}
        {% endfor %}""";
    assertThat(render(template, SYSTEM, AGAIN))
        .isEqualTo("<|system|>\nBe brief.</s>\n<|user|>\nReally?</s>\n<|assistant|>\n");
  }

  @Test
  void aDirectoryHasItInOneOfTwoFiles() throws IOException {
    Path config = folder.resolve("tokenizer_config.json");
    String specials =
        "\"bos_token\": {\"content\": \"<a>\", \"lstrip\": false}, \"eos_token\": \"<z>\"";
    String one = "\"{{ bos_token }}one{{ eos_token }}\"";
    Files.writeString(config, "{" + specials + ", \"chat_template\": " + one + "}");
    assertThat(ChatTemplate.of(folder).render(List.of(), true)).isEqualTo("<a>one<z>");
    Files.writeString(
        config,
        "{"
            + specials
            + ", \"chat_template\": [{\"name\": \"tool_use\", \"template\": \"t\"},"
            + " {\"name\": \"default\", \"template\": "
            + one
            + "}]}");
    assertThat(ChatTemplate.of(folder).render(List.of(), true)).isEqualTo("<a>one<z>");
    Files.writeString(folder.resolve("chat_template.jinja"), "two{{ bos_token }}\n");
    assertThat(ChatTemplate.of(folder).render(List.of(), true)).isEqualTo("two<a>");
  }

  @Test
  void whereThereIsNoneTheMessageSaysWhatWasLookedAt() throws IOException {
    assertThatThrownBy(() -> ChatTemplate.of(folder))
        .hasMessageContainingAll("FIL-0860", "chat_template.jinja", "no tokenizer_config.json");
    Path config =
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\":null}");
    assertThatThrownBy(() -> ChatTemplate.of(folder))
        .hasMessageContainingAll("FIL-0860", "its tokenizer_config.json has no chat_template");
    assertThatThrownBy(() -> ChatTemplate.of(config)).hasMessageContaining("FIL-0860");
    for (String broken : List.of("[", "[]", "\"a\"")) {
      Files.writeString(config, broken);
      assertThatThrownBy(() -> ChatTemplate.of(folder))
          .hasMessageContainingAll("FIL-0861", "tokenizer_config.json");
    }
    for (String broken : List.of("[]", "[1]", "[{\"name\":\"default\"}]", "{}")) {
      Files.writeString(config, "{\"chat_template\":" + broken + "}");
      assertThatThrownBy(() -> ChatTemplate.of(folder)).hasMessageContaining("FIL-0860");
    }
  }
}
