package dev.filigree.recipe;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.Scope;
import dev.filigree.annotations.Training;
import dev.filigree.plan.Declaration;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Pattern;
import dev.filigree.plan.PlanRules;
import dev.filigree.plan.Problem;
import dev.filigree.plan.WeightRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** {@code weights:} as the command line writes it, or as a mapping with annotation attributes. */
final class WeightReader {
  static final String NONE = "none";
  static final String CRITERION = "criterion";
  static final String PATTERN = "pattern";
  static final String SPARSITY = "sparsity";
  static final String SCOPE = "scope";
  static final String TRAINING = "training";
  static final String LAMBDA = "lambda";

  private static final String GRANULARITY = "granularity";
  private static final String BLOCK = "block";
  private static final String KEPT = "n";
  private static final String GROUP = "m";
  static final String SHARE = "a number of at least 0 and below 1";
  private static final String PATTERNS = "unstructured, N:M, block:RxC, row, channel";

  private static final List<String> KEYS =
      List.of(
          CRITERION,
          PATTERN,
          SPARSITY,
          SCOPE,
          ScheduleReader.SCHEDULE,
          GRANULARITY,
          BLOCK,
          KEPT,
          GROUP,
          TRAINING,
          LAMBDA);
  private static final List<String> NOT_OF_GROUPS = List.of(SPARSITY, SCOPE, GRANULARITY, BLOCK);
  private static final List<String> ONLY_OF_GROUPS = List.of(KEPT, GROUP, TRAINING, LAMBDA);
  private static final List<String> WAYS = List.of(PATTERN, GRANULARITY, BLOCK, KEPT, GROUP);

  private static final Map<String, String> ELSEWHERE =
      Map.of(
          "method",
          "Here it is criterion.",
          RecipeReader.INCLUDE,
          "It stands beside weights, in a rule of layers.",
          RecipeReader.EXCLUDE,
          "It stands beside weights, in a rule of layers.",
          "allocation",
          "It stands beside weights, at the top of the recipe.",
          "values",
          "It stands beside weights, at the top of the recipe.");

  private WeightReader() {}

  static WeightRule rule(YamlNode node) {
    if (node instanceof YamlNode.Text t) {
      return t.text().equals(NONE)
          ? WeightRule.NONE
          : WeightRule.of(checked(WeightText.declaration(t), key -> t.place()));
    }
    return WeightRule.of(declaration(Fields.of(RecipeReader.WEIGHTS, node, KEYS, ELSEWHERE)));
  }

  private static Declaration declaration(Fields f) {
    Optional<Fields> schedule = f.node(ScheduleReader.SCHEDULE).map(ScheduleReader::fields);
    Optional<Pattern> pattern = f.node(PATTERN).map(WeightReader::pattern);
    Criterion criterion =
        f.choice(CRITERION, Criterion.class, List.of()).orElse(Criterion.MAGNITUDE);
    boolean written = f.has(KEPT) || f.has(GROUP);
    boolean groups = written || pattern.filter(p -> p instanceof Pattern.NM).isPresent();
    checkOneWay(f);
    refuse(f, groups ? NOT_OF_GROUPS : ONLY_OF_GROUPS, groups, pattern);
    Declaration made;
    if (groups) {
      Declaration.NM nm =
          WeightDefaults.groups(pattern.map(p -> (Pattern.NM) p).orElseGet(() -> nm(f)), criterion);
      made =
          new Declaration.NM(
              nm.n(),
              nm.m(),
              criterion,
              f.choice(TRAINING, Training.class, List.of()).orElse(nm.training()),
              f.number(LAMBDA, "a number of at least 0").orElse(nm.lambda()),
              schedule.map(ScheduleReader::ramp).orElse(nm.schedule()),
              List.of(),
              List.of());
    } else {
      double sparsity = Fields.number(SPARSITY, f.required(SPARSITY, SHARE), SHARE);
      Declaration.Weights w =
          WeightDefaults.shared(pattern.orElse(new Pattern.Unstructured()), sparsity, criterion);
      made =
          new Declaration.Weights(
              sparsity,
              f.choice(GRANULARITY, Granularity.class, List.of()).orElse(w.granularity()),
              f.node(BLOCK).map(WeightReader::block).orElse(w.block()),
              criterion,
              f.choice(SCOPE, Scope.class, List.of(Scope.DEFAULT)).orElse(Scope.DEFAULT),
              schedule.map(ScheduleReader::ramp).orElse(w.schedule()),
              List.of(),
              List.of());
    }
    return checked(made, key -> placeOf(key, f, schedule));
  }

  private static Pattern pattern(YamlNode node) {
    String text = Fields.text(PATTERN, node, PATTERNS);
    return Pattern.of(text)
        .orElseThrow(
            () ->
                new FiligreeException(
                    Message.FIL_0843,
                    node.place(),
                    PATTERN,
                    node.what(),
                    PATTERNS,
                    Nearest.hint(text, List.of("unstructured", "row", "channel"))));
  }

  private static Pattern.NM nm(Fields f) {
    String whole = "a whole number of at least 1";
    return new Pattern.NM(
        Fields.integer(KEPT, f.required(KEPT, whole)),
        Fields.integer(GROUP, f.required(GROUP, whole)));
  }

  private static List<Integer> block(YamlNode node) {
    if (!(node instanceof YamlNode.Items items)) {
      throw Fields.illegal(
          node.place(), BLOCK, node.what(), "[outputs, inputs], for example [4, 1]");
    }
    return items.items().stream().map(i -> Fields.integer(BLOCK, i)).toList();
  }

  /** A pattern is written as on the command line or as in annotations, not both. */
  private static void checkOneWay(Fields f) {
    if (!f.has(PATTERN)) {
      return;
    }
    String others = f.present(WAYS.stream().filter(w -> !w.equals(PATTERN)).toList());
    if (!others.isEmpty()) {
      String first = others.split(",", 2)[0];
      throw new FiligreeException(
          Message.FIL_0846, f.place(first), others, PATTERN, "which says all of it", "Remove one");
    }
  }

  private static void refuse(
      Fields f, List<String> keys, boolean groups, Optional<Pattern> pattern) {
    for (String key : keys) {
      if (f.has(key)) {
        String what =
            pattern.map(p -> "pattern " + p.text()).orElse(groups ? "n and m" : "single weights");
        throw new FiligreeException(
            Message.FIL_0846,
            f.place(key),
            key,
            what,
            groups ? "which says what is removed by itself" : "it is for N:M",
            "Remove it");
      }
    }
  }

  private static Place placeOf(String attribute, Fields f, Optional<Fields> schedule) {
    String key = attribute;
    if (ScheduleReader.KEYS.contains(key) && schedule.isPresent()) {
      return schedule.get().place(key);
    }
    if (!f.has(key) && Stream.of(KEPT, GROUP, BLOCK).anyMatch(key::equals)) {
      key = PATTERN;
    }
    return f.place(key);
  }

  private interface Places {
    Place of(String attribute);
  }

  /** The rules of annotations; what they only warn of is allowed. */
  private static Declaration checked(Declaration made, Places places) {
    List<Problem> errors = new ArrayList<>(PlanRules.check(made));
    errors.removeIf(p -> !p.isError());
    if (!errors.isEmpty()) {
      Problem first = errors.get(0);
      throw new FiligreeException(Message.FIL_0844, places.of(first.attribute()), first.text());
    }
    return made;
  }
}
