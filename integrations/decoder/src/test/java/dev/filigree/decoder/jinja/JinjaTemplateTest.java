package dev.filigree.decoder.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What templates may do, as Python does it, and what they may not. */
final class JinjaTemplateTest {
  private static final Map<String, Object> VALUES =
      Map.of(
          "m",
          List.of(
              Map.of("role", "user", "content", " hi "), Map.of("role", "bot", "content", "yo")),
          "text",
          "a-b c");

  private static String render(String template) {
    return new JinjaTemplate(template).render(VALUES);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "{{ m[0].content.strip() }}|{{ m[0].content.lstrip() }}|{{ m[0].content.rstrip() }} ~ `hi|hi | hi`",
        "{{ 'xaax'.strip('x') }}{{ 'ab'.upper() }}{{ 'AB'.lower() }} ~ aaABab",
        "{{ 'a b'.title() }}{{ 'aB'.capitalize() }} ~ A BAb",
        "{{ text.startswith('a-') }}{{ text.endswith('x') }}{{ text.find('b') }} ~ truefalse2",
        "{{ 'a</t>b</t>c'.split('</t>')[-1] }}{{ 'a b  c'.split()[1] }} ~ cb",
        "{{ 'a,b,c'.split(',', 1)[1] }}{{ text.replace('-', '+') }} ~ b,ca+b c",
        "{{ ', '.join(['a', 'b']) }}{{ ['a', 'b'] | join('-') }} ~ a, ba-b",
        "{{ m[0].get('role') }}{{ m[0].get('x', 'd') }}{{ m[0].get('x') is none }} ~ userdtrue",
        "{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %} ~ a1",
        "{% for k, v in {'a': 1} | items %}{{ k }}{{ v }}{% endfor %} ~ a1",
        "{{ {'a': [1, true, none, '<\u2014\"']} | tojson }} ~ {\"a\": [1, true, null, \"<\u2014\\\"\"]}",
        "{{ m[1:] | length }}{{ m[:1] | length }}{{ m[-1].role }}{{ text[0] }} ~ 11bota",
        "{% for x in m %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }} {% endfor %} ~ `102truefalse 211falsetrue `",
        "{% for x in m %}{% if loop.index0 == 1 %}{% break %}{% endif %}{{ x.role }}{% endfor %} ~ user",
        "{{ 'y' if m else 'n' }}{{ 'y' if nothing }}{{ nothing.at_all }} ~ y",
        "{% macro f(a, b='z') %}{{ a }}{{ b }}{% endmacro %}{{ f('x') }}{{ f('x', b='y') }} ~ xzxy",
        "{% set n = namespace(k=1) %}{% for x in m %}{% set n.k = n.k + 1 %}{% endfor %}{{ n.k }} ~ 3",
        "{{ 1 + 2 * 3 }}{{ 7 // 2 }}{{ 7 % 4 }} ~ 733",
        "{{ m is string }}{{ text is string }}{{ m[0] is mapping }}{{ m is iterable }} ~ falsetruetruetrue",
        "{{ '{{ 1 }}' }}{% raw %}{{ x }}{% endraw %} ~ {{ 1 }}{{ x }}"
      })
  void rendersAsPythonDoes(String template, String expected) {
    assertThat(render(template)).isEqualTo(expected);
  }

  @Test
  void blanksAroundBlocksAreThoseOfTrimAndLstripBlocks() {
    assertThat(
            render("a {% if 1 %} b {% endif %} c\n  {% if 1 %}\n  d\n  {% endif %}\n\n{# e #}\nf"))
        .isEqualTo("a  b  c\n  d\n\nf");
    assertThat(render("a\n  {{ 1 }}\n b {%- if 1 -%} \n c {%- endif %} d\n\n"))
        .isEqualTo("a\n  1\n bc d\n");
    assertThat(render("{{ 'a' ~ 1 }}{{- ' b' -}}  c")).isEqualTo("a1 bc");
  }

  @Test
  void whatAUserSaysIsNoTemplate() {
    assertThat(new JinjaTemplate("{{ x }}").render(Map.of("x", "{{ 7 * 7 }}{% if %}<&'")))
        .isEqualTo("{{ 7 * 7 }}{% if %}<&'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for x in m if x.role == 'bot' %}{{ x.role }}{% endfor %}",
        "{{ m[::-1] }}",
        "{{ m | tojson(indent=2) }}",
        "{% if %}",
        "{% for x in m %}",
        "{{ 1 + }}",
        "{{ text.nothing() }}",
        "{{ m | nothing }}",
        "{% if m is nothing %}{% endif %}",
        "{% if m is not nothing %}{% endif %}",
        "{{ nothing() }}",
        "{% nothing %}",
        "{{ raise_exception('no') }}",
        "{{ strftime_now('%Q') }}",
        "{{ strftime_now('%') }}",
        "{{ loop.x }}{% for x in m %}{{ loop.x }}{% endfor %}"
      })
  void whatIsMalformedOrNotSupportedIsSaid(String template) {
    assertThatThrownBy(() -> render(template)).isInstanceOf(JinjaException.class);
  }

  @Test
  void anIfInBracketsOrTextsFiltersNothing() {
    assertThat(render("{% for x in (m if text else []) %}{{ x.role }}{% endfor %}"))
        .isEqualTo("userbot");
    assertThat(render("{% for x in [' if '] %}{{ x }}{% endfor %}")).isEqualTo(" if ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% include '/etc/passwd' %}",
        "{% import '/etc/passwd' as x %}",
        "{% from '/etc/passwd' import x %}",
        "{% extends '/etc/passwd' %}",
        "{{ ''.getClass() }}",
        "{{ ''.class }}x{{ ''.getClass().forName('java.lang.Runtime') }}",
        "{{ m.getClass().getClassLoader() }}",
        "{% for x in m %}{{ loop.getClass() }}{% endfor %}",
        "{{ namespace().getClass() }}",
        "{{ ____int3rpr3t3r____.getContext() }}",
        "{{ ____int3rpr3t3r____.render('x') }}",
        "{{ 'x' | render }}",
        "{{ '\"x\"' | fromjson }}",
        "{{ 'x' | fromyaml }}"
      })
  void noFileAndNoJavaIsReached(String template) {
    assertThatThrownBy(() -> render(template)).isInstanceOf(JinjaException.class);
  }

  @Test
  void propertiesOfJavaAreUndefined() {
    assertThat(render("{{ ''.class }}{{ m.class }}{{ m[0].class }}{{ text.bytes }}")).isEmpty();
    assertThat(render("{{ ____int3rpr3t3r____ .config }}")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(999) %}{% for b in range(999) %}{{ b }}{% endfor %}{% endfor %}",
        "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x='0123456789') %}{% for a in range(40) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x='0123456789') %}{% for a in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x='0123456789') %}{% for a in range(40) %}{% set ns.x = ns.x.replace('', ns.x) %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for a in range(40) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f() %}{{ g() }}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set l = [] %}{% do l.append(l) %}{{ l | tojson }}",
        "{{ range(1000000000) | length }}{{ raise_exception('all the same') }}"
      })
  void timeDepthAndTextAreBounded(String template) {
    assertThatThrownBy(() -> render(template)).isInstanceOf(JinjaException.class);
  }

  @Test
  void deepNestingEnds() {
    for (String open : List.of("(", "[", "not ", "-", "{% if 1 %}")) {
      String many = open.repeat(20_000);
      assertThatThrownBy(() -> render(open.startsWith("{") ? many : "{{ " + many + "1 }}"))
          .isInstanceOf(JinjaException.class);
    }
    assertThatThrownBy(() -> render("x".repeat(2_000_000))).isInstanceOf(JinjaException.class);
  }

  @Test
  void datesAreWrittenAsByC() {
    ZonedDateTime time = ZonedDateTime.of(2024, 7, 6, 15, 4, 5, 0, ZoneOffset.UTC);
    assertThat(TemplateFunctions.strftime("%d %b %Y, %B %A %a %m %y %j %H:%M:%S %I %p %%", time))
        .isEqualTo("06 Jul 2024, July Saturday Sat 07 24 188 15:04:05 03 PM %");
    // The middle of a year, so that no time zone has another.
    assertThat(
            new JinjaTemplate("{{ strftime_now('%Y') }}")
                .render(Map.of(), () -> time.toInstant().toEpochMilli()))
        .isEqualTo("2024");
  }
}
