package dev.filigree.decoder.jinja;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaProcessors;
import com.hubspot.jinjava.interpret.Context.Library;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.Importable;
import com.hubspot.jinjava.objects.date.DateTimeProvider;
import com.hubspot.jinjava.tree.ExpressionNode;
import com.hubspot.jinjava.tree.Node;
import com.hubspot.jinjava.tree.TagNode;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A template as Hugging Face renders those of chats: Jinja with {@code trim_blocks} and {@code
 * lstrip_blocks}, {@code raise_exception} and {@code strftime_now}.
 *
 * <p>It comes with a model and is not trusted. It reads no file and no other template, sees only
 * the values it is given (maps, lists, texts, numbers, booleans) and a list of methods of Python on
 * them, and its text, steps, lists, recursion and output are bounded.
 *
 * <p>The engine is Jinjava. Known differences from Jinja: booleans are printed as {@code true} and
 * {@code false}, and {@code for ... if}, steps in slices and {@code tojson} with arguments are
 * refused. Safe for any number of threads.
 */
public final class JinjaTemplate {
  /** Most characters of a template, of a text while it is rendered, and of the result. */
  static final int MOST_TEXT = 1 << 20;

  private static final int MOST_STEPS = 50_000;
  private static final int MOST_ELEMENTS = 1000;
  private static final int MOST_DEPTH = 20;
  private static final Set<String> TAGS =
      Set.of("if", "elif", "else", "for", "set", "macro", "call", "do", "raw", "break", "continue");
  private static final Set<String> FUNCTIONS = Set.of("namespace", "range");
  private static final Set<String> FILTERS =
      Set.of(
          "abs",
          "attr",
          "capitalize",
          "count",
          "d",
          "default",
          "dictsort",
          "first",
          "float",
          "int",
          "items",
          "join",
          "last",
          "length",
          "list",
          "lower",
          "map",
          "reject",
          "rejectattr",
          "replace",
          "reverse",
          "round",
          "safe",
          "select",
          "selectattr",
          "sort",
          "string",
          "sum",
          "title",
          "tojson",
          "trim",
          "unique",
          "upper");
  private static final Set<String> TESTS =
      Set.of(
          "boolean",
          "defined",
          "divisibleby",
          "eq",
          "equalto",
          "even",
          "false",
          "float",
          "ge",
          "gt",
          "in",
          "integer",
          "iterable",
          "le",
          "lower",
          "lt",
          "mapping",
          "ne",
          "none",
          "number",
          "odd",
          "sameas",
          "sequence",
          "string",
          "true",
          "undefined",
          "upper");
  private static final LegacyOverrides LIKE_PYTHON =
      LegacyOverrides.newBuilder()
          .withUsePyishObjectMapper(true)
          .withKeepNullableLoopValues(true)
          .withEvaluateMapKeys(true)
          .withIterateOverMapKeys(true)
          .withUseTrimmingForNotesAndExpressions(true)
          .withUseNaturalOperatorPrecedence(true)
          .build();
  private static final Map<Library, Set<String>> DISABLED = disabled();
  // Quoted texts and brackets, so that what remains is outside of both.
  private static final Pattern INNER =
      Pattern.compile(
          "'[^'\\\\]*+(?:\\\\.[^'\\\\]*+)*+'|\"[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+\"|\\([^()]*+\\)|\\[[^\\[\\]]*+\\]");
  private static final Pattern BEFORE_BLOCK =
      Pattern.compile("^[ \\t]++(?=\\{[%#](?!\\+))", Pattern.MULTILINE);
  private static final Pattern AFTER_BLOCK = Pattern.compile("(?<=[%#]\\})\\n");
  private static final Pattern QUOTED =
      Pattern.compile(
          "'[^'\\\\]*+(?:\\\\.[^'\\\\]*+)*+'|\"[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+\"",
          Pattern.DOTALL);
  private static final Pattern FILTER = Pattern.compile("\\|\\s*+(\\w++)");
  private static final Pattern TEST = Pattern.compile("\\bis\\s++(?:not\\s++)?+(\\w++)");
  // A fault inside the engine tells a reader nothing.
  private static final Pattern FAULT =
      Pattern.compile(
          "(?:IndexOutOfBounds|NullPointer|ClassCast|NumberFormat)Exception|Cannot invoke");
  private static final Pattern LINE = Pattern.compile("^line \\d+: ");
  private static final Pattern EXCEPTION = Pattern.compile("\\b(?:[\\w$]++\\.)*\\w+Exception: ");
  private static final Pattern CLASS_NAME =
      Pattern.compile("\\b(?:java|javax|com|jinjava)(?:\\.[a-z]\\w*)+\\.(\\w+)(?:@[0-9a-f]+)?");
  private static final Pattern FILTERED_LOOP = Pattern.compile("\\sif\\s");

  private final String source;

  /**
   * A template with that text.
   *
   * @throws JinjaException where it is too long or nested too deep
   */
  public JinjaTemplate(String source) {
    checkLength(source.length());
    Nesting.check(source);
    // Jinja leaves out one line break at the end. The engine would take away too many blanks.
    String text = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
    text = BEFORE_BLOCK.matcher(text).replaceAll("");
    this.source = AFTER_BLOCK.matcher(text).replaceAll("");
  }

  /**
   * The template filled in.
   *
   * @param values variables: maps, lists, texts, numbers and booleans
   * @throws JinjaException where it is malformed, refuses the values, needs what is not supported,
   *     or would take too long
   */
  public String render(Map<String, ?> values) {
    return render(values, System::currentTimeMillis);
  }

  String render(Map<String, ?> values, DateTimeProvider clock) {
    Jinjava engine = new Jinjava(config(clock));
    TemplateFunctions.all().forEach(engine::registerFunction);
    TemplateFilters.all().forEach(engine::registerFilter);
    RenderResult result;
    try {
      result = engine.renderForResult(source, values);
    } catch (StackOverflowError | OutOfMemoryError e) {
      // Both come from the template alone, and what it held is gone by now.
      throw new JinjaException("it is nested too deep or makes too much text", e);
    } catch (RuntimeException e) {
      throw reason(e, e.getMessage(), e);
    }
    if (result.hasErrors()) {
      TemplateError error = result.getErrors().get(0);
      throw reason(
          error.getException(),
          "line " + error.getLineno() + ": " + error.getMessage(),
          error.getException());
    }
    return result.getOutput();
  }

  private static JinjaException reason(Throwable from, String otherwise, Throwable cause) {
    for (Throwable e = from; e != null; e = e.getCause()) {
      if (e instanceof JinjaException own) {
        return own;
      }
    }
    return new JinjaException(readable(otherwise), cause);
  }

  /** What the engine says, without the names of its classes. */
  private static String readable(String text) {
    if (text == null || FAULT.matcher(text).find()) {
      Matcher line = LINE.matcher(String.valueOf(text));
      return (line.find() ? line.group() : "") + "the engine cannot evaluate it";
    }
    return CLASS_NAME.matcher(EXCEPTION.matcher(text).replaceAll("")).replaceAll("$1");
  }

  private static JinjavaConfig config(DateTimeProvider clock) {
    int[] steps = {0};
    return JinjavaConfig.newBuilder()
        .withNestedInterpretationEnabled(false)
        .withLegacyOverrides(LIKE_PYTHON)
        .withDisabled(DISABLED)
        .withElResolver(new PlainValues())
        .withDateTimeProvider(clock)
        .withMaxRenderDepth(MOST_DEPTH)
        .withMaxMacroRecursionDepth(MOST_DEPTH)
        .withMaxOutputSize(MOST_TEXT)
        .withMaxStringLength(MOST_TEXT)
        .withMaxListSize(MOST_ELEMENTS)
        .withMaxMapSize(MOST_ELEMENTS)
        .withRangeLimit(MOST_ELEMENTS)
        .withProcessors(
            JinjavaProcessors.newBuilder()
                .withNodePreProcessor((node, interpreter) -> step(node, steps))
                .build())
        .build();
  }

  /** Before every part of a template is rendered. */
  private static void step(Node node, int[] steps) {
    if (++steps[0] > MOST_STEPS) {
      throw new JinjaException("it takes more than " + MOST_STEPS + " steps");
    }
    if (node instanceof TagNode || node instanceof ExpressionNode) {
      String code = QUOTED.matcher(node.getMaster().getImage()).replaceAll("_");
      refuseUnknown(code, FILTER, FILTERS, node);
      refuseUnknown(code, TEST, TESTS, node);
    }
    if (node instanceof TagNode tag
        && tag.getName().equals("for")
        && isFiltered(tag.getHelpers())) {
      throw new JinjaException("line " + node.getLineNumber() + ": for ... if is not supported");
    }
  }

  /** The engine takes a filter or a test that it does not know for one that gives nothing. */
  private static void refuseUnknown(String code, Pattern use, Set<String> known, Node node) {
    Matcher found = use.matcher(code);
    while (found.find()) {
      if (!known.contains(found.group(1))) {
        throw new JinjaException(
            "line " + node.getLineNumber() + ": " + found.group() + " is not supported");
      }
    }
  }

  private static boolean isFiltered(String loop) {
    String rest = loop;
    for (String before = ""; !before.equals(rest); ) {
      before = rest;
      rest = INNER.matcher(rest).replaceAll("_");
    }
    return FILTERED_LOOP.matcher(rest).find();
  }

  static void checkLength(long characters) {
    if (characters > MOST_TEXT) {
      throw new JinjaException("a text has more than " + MOST_TEXT + " characters");
    }
  }

  private static Map<Library, Set<String>> disabled() {
    var context = new Jinjava().getGlobalContext();
    Map<Library, Set<String>> out = new EnumMap<>(Library.class);
    out.put(Library.TAG, others(context.getAllTags(), TAGS));
    out.put(Library.FILTER, others(context.getAllFilters(), FILTERS));
    // Functions with a prefix are those the parser itself calls.
    out.put(
        Library.FUNCTION,
        context.getAllFunctions().stream()
            .filter(f -> f.getNamespace().isEmpty() && !FUNCTIONS.contains(f.getLocalName()))
            .map(f -> f.getName())
            .collect(Collectors.toCollection(TreeSet::new)));
    return out;
  }

  private static Set<String> others(Collection<? extends Importable> all, Set<String> allowed) {
    return all.stream()
        .map(Importable::getName)
        .filter(name -> !allowed.contains(name) && !name.startsWith("end"))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
