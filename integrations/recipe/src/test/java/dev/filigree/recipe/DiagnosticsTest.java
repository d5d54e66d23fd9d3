package dev.filigree.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.filigree.plan.FiligreeException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every message a recipe can get, with its place. */
final class DiagnosticsTest {
  private static final String KEYS =
      "version, weights, activation, layers, seed, values, calibration-mode, allocation, on-indivisible";
  private static final String WEIGHT_KEYS =
      "criterion, pattern, sparsity, scope, schedule, granularity, block, n, m, training, lambda";
  private static final String METHODS =
      "none, teal, teal-greedy, cats, chess, wina, wina-threshold, r-sparse, coreinfer, relu, topk";
  private static final String SPECS =
      "none, METHOD:N:M, or METHOD:PATTERN:SPARSITY with METHOD magnitude, random, wanda, sparsegpt and PATTERN unstructured, block:RxC, row, channel; or a mapping";
  private static final String SHARE = "a number of at least 0 and below 1";

  private static Arguments of(String yaml, String message) {
    return Arguments.of(yaml, message);
  }

  static Stream<Arguments> unknownKeys() {
    return Stream.of(
        of(
            "weigths: wanda:2:4",
            "FIL-0842: r.yaml, line 1, column 1: a recipe has no key \"weigths\". Legal: "
                + KEYS
                + ". Did you mean weights?"),
        of(
            "values: f32\nblubber: 1",
            "FIL-0842: r.yaml, line 2, column 1: a recipe has no key \"blubber\". Legal: "
                + KEYS
                + ". Remove it."),
        of(
            "calibration: c.json",
            "FIL-0842: r.yaml, line 1, column 1: a recipe has no key \"calibration\". Legal: "
                + KEYS
                + ". Files are named on the command line: --calibration."),
        of(
            "precision: bf16",
            "FIL-0842: r.yaml, line 1, column 1: a recipe has no key \"precision\". Legal: "
                + KEYS
                + ". It is a setting of the agent: -javaagent:...=precision=... or -Dfiligree.precision."),
        of(
            "refine: dsnot",
            "FIL-0842: r.yaml, line 1, column 1: a recipe has no key \"refine\". Legal: "
                + KEYS
                + ". It is an option of prune: --refine dsnot."),
        of(
            "include: a",
            "FIL-0842: r.yaml, line 1, column 1: a recipe has no key \"include\". Legal: "
                + KEYS
                + ". Globs belong to a rule: layers: [{include: ..., weights: ...}]."),
        of(
            "sparsity: 0.5",
            "FIL-0842: r.yaml, line 1, column 1: a recipe has no key \"sparsity\". Legal: "
                + KEYS
                + ". It belongs under weights: {sparsity: ...}."),
        of(
            "weights:\n  sparsity: 0.5\n  sparcity: 0.5",
            "FIL-0842: r.yaml, line 3, column 3: weights has no key \"sparcity\". Legal: "
                + WEIGHT_KEYS
                + ". Did you mean sparsity?"),
        of(
            "weights: {method: wanda, pattern: 2:4}",
            "FIL-0842: r.yaml, line 1, column 11: weights has no key \"method\". Legal: "
                + WEIGHT_KEYS
                + ". Here it is criterion."),
        of(
            "weights: {sparsity: 0.5, schedule: {kind: cubic, ends: 1}}",
            "FIL-0842: r.yaml, line 1, column 50: schedule has no key \"ends\". Legal: kind, start, end, every, power. Did you mean end?"),
        of(
            "activation: {method: cats, sparsity: 0.5, gate: w1}",
            "FIL-0842: r.yaml, line 1, column 43: activation has no key \"gate\". Legal: method, sparsity, threshold, lambda, end. It names a field: declare CATS by @ActivationSparse on the block type; a decoder knows its own."),
        of(
            "layers:\n  - include: a\n    wheights: none",
            "FIL-0842: r.yaml, line 3, column 5: a rule has no key \"wheights\". Legal: include, exclude, weights, activation. Did you mean weights?"));
  }

  static Stream<Arguments> wrongValues() {
    return Stream.of(
        of(
            "just a text",
            "FIL-0843: r.yaml, line 1, column 1: a recipe is \"just a text\"; legal: a mapping with "
                + KEYS
                + "."),
        of(
            "- weights: none",
            "FIL-0843: r.yaml, line 1, column 1: a recipe is a list; legal: a mapping with "
                + KEYS
                + "."),
        of("version: 2", "FIL-0843: r.yaml, line 1, column 10: version is \"2\"; legal: 1."),
        of(
            "values: fp8",
            "FIL-0843: r.yaml, line 1, column 9: values is \"fp8\"; legal: f32, bf16, int8."),
        of(
            "values: b16",
            "FIL-0843: r.yaml, line 1, column 9: values is \"b16\"; legal: f32, bf16, int8. Did you mean bf16?"),
        of(
            "values:",
            "FIL-0843: r.yaml, line 1, column 8: values is empty; legal: f32, bf16, int8."),
        of(
            "seed: 1.5",
            "FIL-0843: r.yaml, line 1, column 7: seed is \"1.5\"; legal: a whole number."),
        of(
            "seed: \"1\"",
            "FIL-0843: r.yaml, line 1, column 7: seed is \"1\"; legal: a whole number. Write it without quotes."),
        of(
            "weights: wanda",
            "FIL-0843: r.yaml, line 1, column 10: weights is \"wanda\"; legal: " + SPECS + "."),
        of(
            "weights: wander:2:4",
            "FIL-0843: r.yaml, line 1, column 10: weights is \"wander:2:4\"; legal: "
                + SPECS
                + "."),
        of(
            "weights: wanda:unstructured",
            "FIL-0843: r.yaml, line 1, column 10: weights is \"wanda:unstructured\"; legal: "
                + SPECS
                + "."),
        of(
            "weights: wanda:unstructured:half",
            "FIL-0843: r.yaml, line 1, column 10: weights sparsity is \"half\"; legal: "
                + SHARE
                + "."),
        of(
            "weights: [wanda, 2, 4]",
            "FIL-0843: r.yaml, line 1, column 10: weights is a list; legal: a mapping with "
                + WEIGHT_KEYS
                + "."),
        of(
            "weights: {criterion: wanda}",
            "FIL-0843: r.yaml, line 1, column 10: sparsity of weights is missing; legal: "
                + SHARE
                + "."),
        of(
            "weights: {n: 2}",
            "FIL-0843: r.yaml, line 1, column 10: m of weights is missing; legal: a whole number of at least 1."),
        of(
            "weights: {sparsity: 50%}",
            "FIL-0843: r.yaml, line 1, column 21: sparsity is \"50%\"; legal: "
                + SHARE
                + ". Did you mean 0.5?"),
        of(
            "weights: {sparsity: .nan}",
            "FIL-0843: r.yaml, line 1, column 21: sparsity is \".nan\"; legal: " + SHARE + "."),
        of(
            "weights: {sparsity: [0.5]}",
            "FIL-0843: r.yaml, line 1, column 21: sparsity is a list; legal: " + SHARE + "."),
        of(
            "weights: {sparsity: 0.5, criterion: wandaa}",
            "FIL-0843: r.yaml, line 1, column 37: criterion is \"wandaa\"; legal: magnitude, random, wanda, sparsegpt. Did you mean wanda?"),
        of(
            "weights: {sparsity: 0.5, scope: default}",
            "FIL-0843: r.yaml, line 1, column 33: scope is \"default\"; legal: row, layer, global."),
        of(
            "weights: {sparsity: 0.5, pattern: unstructurd}",
            "FIL-0843: r.yaml, line 1, column 35: pattern is \"unstructurd\"; legal: unstructured, N:M, block:RxC, row, channel. Did you mean unstructured?"),
        of(
            "weights: {sparsity: 0.5, granularity: block, block: 4x1}",
            "FIL-0843: r.yaml, line 1, column 53: block is \"4x1\"; legal: [outputs, inputs], for example [4, 1]."),
        of(
            "weights: {n: 2, m: 3000000000}",
            "FIL-0843: r.yaml, line 1, column 20: m is \"3000000000\"; legal: a whole number below 2,147,483,648."),
        of(
            "activation: teal",
            "FIL-0843: r.yaml, line 1, column 13: sparsity of activation teal is missing; legal: "
                + SHARE
                + "."),
        of(
            "activation: tael:0.5",
            "FIL-0843: r.yaml, line 1, column 13: activation method is \"tael\"; legal: "
                + METHODS
                + "."),
        of(
            "activation: weal:0.5",
            "FIL-0843: r.yaml, line 1, column 13: activation method is \"weal\"; legal: "
                + METHODS
                + ". Did you mean teal?"),
        of(
            "activation: {sparsity: 0.5}",
            "FIL-0843: r.yaml, line 1, column 13: method of activation is missing; legal: "
                + METHODS
                + "."),
        of(
            "layers: none",
            "FIL-0843: r.yaml, line 1, column 9: layers is \"none\"; legal: a list of rules, each behind \"- \"."),
        of(
            "layers: []",
            "FIL-0843: r.yaml, line 1, column 9: layers is an empty list; legal: a list of rules, each behind \"- \"."),
        of(
            "layers:\n  - include: a",
            "FIL-0843: r.yaml, line 2, column 5: the rule is without weights and activation; legal: one of them, or both."),
        of(
            "layers:\n  - include: []\n    weights: none",
            "FIL-0843: r.yaml, line 2, column 14: include is an empty list; legal: a glob or a list of globs."),
        of(
            "layers:\n  - include: [{a: b}]\n    weights: none",
            "FIL-0843: r.yaml, line 2, column 15: include is a mapping; legal: a glob or a list of globs."));
  }

  static Stream<Arguments> brokenRules() {
    return Stream.of(
        of(
            "weights:\n  criterion: wanda\n  sparsity: 1.5",
            "FIL-0844: r.yaml, line 3, column 3: FIL-0101: sparsity is 1.5; it is the fraction removed and must be at least 0 and below 1. Nearest legal value: 0.015 (if 1.5 % was meant)."),
        of(
            "weights: magnitude:unstructured:1",
            "FIL-0844: r.yaml, line 1, column 10: FIL-0101: sparsity is 1.0; it is the fraction removed and must be at least 0 and below 1. Nearest legal value: 0.99."),
        of(
            "activation: teal:50",
            "FIL-0844: r.yaml, line 1, column 13: FIL-0101: sparsity is 50.0; it is the fraction removed and must be at least 0 and below 1. Nearest legal value: 0.5 (if 50 % was meant)."),
        of(
            "weights: {criterion: magnitude, pattern: 5:4}",
            "FIL-0844: r.yaml, line 1, column 33: FIL-0102: n is 5 and m is 4; n counts the kept weights of every m and must be between 1 and m. Nearest legal value: n = 4."),
        of(
            "weights: {m: 0, n: 1}",
            "FIL-0844: r.yaml, line 1, column 11: FIL-0104: m is 0; a group has at least 1 input, sizes with kernels are 4, 8, 16. Use m = 4."),
        of(
            "weights: {sparsity: 0.5, granularity: block}",
            "FIL-0844: r.yaml, line 1, column 10: FIL-0107: granularity = BLOCK needs block = {outputs, inputs}; found none. Add for example block = {4, 1}."),
        of(
            "weights: {sparsity: 0.5, block: [4, 1]}",
            "FIL-0844: r.yaml, line 1, column 26: FIL-0108: block is {4, 1} but granularity is UNSTRUCTURED. Remove block, or set granularity = Granularity.BLOCK."),
        of(
            "weights: {sparsity: 0.5, pattern: block:0x1}",
            "FIL-0844: r.yaml, line 1, column 26: FIL-0109: block is {0, 1}; both sizes must be at least 1. Nearest legal value: {1, 1}."),
        of(
            "weights: {n: 2, m: 4, lambda: -1}",
            "FIL-0844: r.yaml, line 1, column 23: FIL-0110: lambda is -1.0; it must be finite and at least 0. Nearest legal value: 0.0."),
        of(
            "weights:\n  sparsity: 0.5\n  schedule:\n    start: 0.7\n    end: 0.5",
            "FIL-0844: r.yaml, line 5, column 5: FIL-0111: The schedule window is empty: start = 0.7, end = 0.5. end must be above start; try end = 1.0."),
        of(
            "weights: {sparsity: 0.5, schedule: {every: 0}}",
            "FIL-0844: r.yaml, line 1, column 37: FIL-0113: every is 0; the mask is chosen anew every 1 or more steps. Nearest legal value: 1."),
        of(
            "weights: {sparsity: 0.5, pattern: row, scope: row}",
            "FIL-0844: r.yaml, line 1, column 40: FIL-0132: @Sparse(scope = ROW) has no meaning for granularity ROW. Legal: DEFAULT, LAYER, GLOBAL."),
        of(
            "weights: {sparsity: 0.5, criterion: sparsegpt, scope: global}",
            "FIL-0844: r.yaml, line 1, column 26: FIL-0143: criterion = SPARSEGPT is not defined for scope = GLOBAL. Legal: DEFAULT, ROW, LAYER."),
        of(
            "layers:\n  - include: [a, /b]\n    weights: none",
            "FIL-0844: r.yaml, line 2, column 18: FIL-0127: The glob \"/b\" can match no path: paths neither start nor end with '/'. Paths are child names joined by '/', for example \"encoder/wide\" or \"**/fc*\"."));
  }

  static Stream<Arguments> whatDoesNotGoTogether() {
    return Stream.of(
        of(
            "weights: {pattern: 2:4, sparsity: 0.5}",
            "FIL-0846: r.yaml, line 1, column 25: sparsity does not go with pattern 2:4, which says what is removed by itself. Remove it."),
        of(
            "weights: {n: 2, m: 4, scope: row}",
            "FIL-0846: r.yaml, line 1, column 23: scope does not go with n and m, which says what is removed by itself. Remove it."),
        of(
            "weights: {sparsity: 0.5, training: hard}",
            "FIL-0846: r.yaml, line 1, column 26: training does not go with single weights, it is for N:M. Remove it."),
        of(
            "weights: {pattern: row, sparsity: 0.5, lambda: 1}",
            "FIL-0846: r.yaml, line 1, column 40: lambda does not go with pattern row, it is for N:M. Remove it."),
        of(
            "weights: {pattern: 2:4, n: 2, m: 4}",
            "FIL-0846: r.yaml, line 1, column 25: n, m does not go with pattern, which says all of it. Remove one."),
        of(
            "activation: {method: relu, sparsity: 0.5}",
            "FIL-0846: r.yaml, line 1, column 28: sparsity does not go with activation relu, which has none to choose. Remove it."),
        of(
            "activation: relu:-0.5",
            "FIL-0844: r.yaml, line 1, column 13: FIL-0837: threshold is -0.5; it must be finite and at least 0. Nearest legal value: 0.0."),
        of(
            "activation: relu:high",
            "FIL-0843: r.yaml, line 1, column 13: activation threshold is \"high\"; legal: a number of at least 0."),
        of(
            "activation: none:0.5",
            "FIL-0846: r.yaml, line 1, column 13: sparsity does not go with activation none, which has none to choose. Remove it."));
  }

  @ParameterizedTest
  @MethodSource({"unknownKeys", "wrongValues", "brokenRules", "whatDoesNotGoTogether"})
  void aMessageSaysWhereWhatAndHow(String yaml, String message) {
    assertThat(messageOf(yaml)).isEqualTo(message);
  }

  static String messageOf(String yaml) {
    return catchThrowableOfType(FiligreeException.class, () -> Recipes.parse("r.yaml", yaml))
        .getMessage();
  }
}
