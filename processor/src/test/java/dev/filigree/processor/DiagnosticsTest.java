package dev.filigree.processor;

import static dev.filigree.processor.Programs.assertAll;
import static dev.filigree.processor.Programs.assertOnly;
import static dev.filigree.processor.Programs.block;
import static javax.tools.Diagnostic.Kind.ERROR;
import static javax.tools.Diagnostic.Kind.WARNING;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every message about values, by kind, line and exact text. */
class DiagnosticsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1.0|1.0|0.99",
        "-0.5|-0.5|0.0",
        "80|80.0|0.8 (if 80 % was meant)",
        "250|250.0|0.99",
        "Double.NaN|NaN|0.5"
      })
  void sparsityOutOfRange(String written, String shown, String nearest) {
    assertOnly(
        ERROR,
        "FIL-0101: sparsity is %s; it is the fraction removed and must be at least 0 and below 1. Nearest legal value: %s."
            .formatted(shown, nearest),
        block(
            """
              @Sparse(
                  granularity = Granularity.ROW,
                  sparsity = %s) /*here*/
              Linear wide;
            """
                .formatted(written)));
  }

  @Test
  void activationSparsityOutOfRange() {
    assertOnly(
        ERROR,
        "FIL-0101: sparsity is 1.5; it is the fraction removed and must be at least 0 and below 1. Nearest legal value: 0.015 (if 1.5 % was meant).",
        block("@ActivationSparse(sparsity = 1.5) /*here*/ Linear wide;"));
  }

  @ParameterizedTest
  @CsvSource({"0,4,1", "-3,4,1", "5,4,4"})
  void nOutOfRange(int n, int m, int nearest) {
    assertOnly(
        ERROR,
        "FIL-0102: n is %s and m is %s; n counts the kept weights of every m and must be between 1 and m. Nearest legal value: n = %s."
            .formatted(n, m, nearest),
        block("@NMSparse(m = %s,\nn = %s) /*here*/\nLinear wide;".formatted(m, n)));
  }

  @Test
  void sparseGptIsForSingleWeights() {
    assertOnly(
        ERROR,
        "FIL-0143: criterion = SPARSEGPT is not defined for granularity = ROW. Legal: UNSTRUCTURED, and @NMSparse.",
        block(
            "@Sparse(sparsity = 0.5, granularity = Granularity.ROW,\ncriterion = Criterion.SPARSEGPT) /*here*/\nLinear wide;"));
    assertOnly(
        ERROR,
        "FIL-0143: criterion = SPARSEGPT is not defined for scope = GLOBAL. Legal: DEFAULT, ROW, LAYER.",
        block(
            "@Sparse(sparsity = 0.5, scope = Scope.GLOBAL,\ncriterion = Criterion.SPARSEGPT) /*here*/\nLinear wide;"));
  }

  @Test
  void aScheduleOfALayerThatIsPrunedOnceIsAWarning() {
    assertOnly(
        WARNING,
        "FIL-0142: The schedule has no effect with criterion = WANDA: the layer trains dense and is pruned once, when the model is packed. Remove it.",
        block(
            "@Sparse(sparsity = 0.5, criterion = Criterion.WANDA,\nschedule = @Schedule(end = 0.5)) /*here*/\nLinear wide;"));
  }

  @Test
  void calibratedCriteriaAreForLinears() {
    assertOnly(
        ERROR,
        "FIL-0144: criterion = WANDA scores weights by the inputs of a Linear; conv of type ai.djl.nn.convolutional.Conv2d is none. Use MAGNITUDE or RANDOM there.",
        block("@NMSparse(n = 2, m = 4,\ncriterion = Criterion.WANDA) /*here*/\nConv2d conv;"));
  }

  @Test
  void nEqualsMIsAWarning() {
    assertOnly(
        WARNING,
        "FIL-0103: n = m = 4 keeps every weight, so nothing becomes sparse. Choose n below m, for example n = 2.",
        block("@NMSparse(n = 4, m = 4) /*here*/ Linear wide;"));
  }

  @Test
  void emptyGroup() {
    assertOnly(
        ERROR,
        "FIL-0104: m is 0; a group has at least 1 input, sizes with kernels are 4, 8, 16. Use m = 4.",
        block("@NMSparse(n = 0, m = 0) /*here*/ Linear wide;"));
  }

  @Test
  void groupWithoutKernel() {
    assertOnly(
        WARNING,
        "FIL-0105: Groups of 6 have no kernel of their own and run on the general bitmap kernel. Sizes with kernels: 4, 8, 16.",
        block("@NMSparse(n = 3, m = 6) /*here*/ Linear wide;"));
  }

  @Test
  void blockWithoutKernel() {
    assertOnly(
        WARNING,
        "FIL-0106: Blocks of 3x5 have no kernel of their own and run on the general sparse kernels. Sizes with kernels: 4x1, 16x1, 1x16 and their multiples.",
        block(
            "@Sparse(sparsity = 0.5, granularity = Granularity.BLOCK,\nblock = {3, 5}) /*here*/\nLinear wide;"));
  }

  @Test
  void blockSizesMissing() {
    String text =
        "FIL-0107: granularity = BLOCK needs block = {outputs, inputs}; found %s. Add for example block = {4, 1}.";
    assertOnly(
        ERROR,
        text.formatted("none"),
        block("@Sparse(/*here*/ sparsity = 0.5,\ngranularity = Granularity.BLOCK) Linear wide;"));
    assertOnly(
        ERROR,
        text.formatted("{4}"),
        block(
            "@Sparse(sparsity = 0.5,\nblock = 4, /*here*/\ngranularity = Granularity.BLOCK) Linear wide;"));
  }

  @Test
  void blockSizesWithoutBlocks() {
    assertOnly(
        ERROR,
        "FIL-0108: block is {4, 1} but granularity is UNSTRUCTURED. Remove block, or set granularity = Granularity.BLOCK.",
        block("@Sparse(sparsity = 0.5,\nblock = {4, 1}) /*here*/\nLinear wide;"));
  }

  @Test
  void blockSizesTooSmall() {
    assertOnly(
        ERROR,
        "FIL-0109: block is {0, -2}; both sizes must be at least 1. Nearest legal value: {1, 1}.",
        block(
            "@Sparse(sparsity = 0.5, granularity = Granularity.BLOCK,\nblock = {0, -2}) /*here*/\nLinear wide;"));
  }

  @ParameterizedTest
  @CsvSource({"-1.0,0.0", "Infinity,2.0E-4"})
  void lambda(String lambda, String nearest) {
    String written = lambda.equals("Infinity") ? "Double.POSITIVE_INFINITY" : lambda;
    assertOnly(
        ERROR,
        "FIL-0110: lambda is %s; it must be finite and at least 0. Nearest legal value: %s."
            .formatted(lambda, nearest),
        block("@NMSparse(n = 2, m = 4,\nlambda = %s) /*here*/\nLinear wide;".formatted(written)));
  }

  @Test
  void emptyWindow() {
    assertOnly(
        ERROR,
        "FIL-0111: The schedule window is empty: start = 0.5, end = 0.5. end must be above start; try end = 1.0.",
        block(
            "@Sparse(sparsity = 0.5, schedule = @Schedule(start = 0.5,\nend = 0.5)) /*here*/\nLinear wide;"));
  }

  @Test
  void windowEmptyByDefaultEnd() {
    assertOnly(
        ERROR,
        "FIL-0111: The schedule window is empty: start = 0.7, end = 0.6. end must be above start; try end = 1.0.",
        block(
            "@Sparse(sparsity = 0.5,\nschedule = @Schedule(start = 0.7)) /*here*/\nLinear wide;"));
  }

  @Test
  void emptyWindowOfAScheduleBeside() {
    assertOnly(
        ERROR,
        "FIL-0111: The schedule window is empty: start = 100.0, end = 50.0. end must be above start; try end = 101.0.",
        block("@Sparse(sparsity = 0.5)\n@Schedule(start = 100,\nend = 50) /*here*/\nLinear wide;"));
  }

  @Test
  void mixedUnits() {
    assertOnly(
        ERROR,
        "FIL-0112: Schedule end = 0.6; legal are fractions from 0 to 1 or whole steps, both of the same kind. Nearest legal value: 101.0.",
        block("@Sparse(sparsity = 0.5)\n@Schedule(start = 100) /*here*/\nLinear wide;"));
    assertOnly(
        ERROR,
        "FIL-0112: Schedule start = 2.5; legal are fractions from 0 to 1 or whole steps, both of the same kind. Nearest legal value: 2.0.",
        block("@Sparse(sparsity = 0.5)\n@Schedule(end = 9,\nstart = 2.5) /*here*/\nLinear wide;"));
  }

  @Test
  void every() {
    assertOnly(
        ERROR,
        "FIL-0113: every is 0; the mask is chosen anew every 1 or more steps. Nearest legal value: 1.",
        block("@Sparse(sparsity = 0.5, schedule = @Schedule(\nevery = 0)) /*here*/\nLinear wide;"));
  }

  @Test
  void power() {
    assertOnly(
        ERROR,
        "FIL-0114: power is 0.0; it must be finite and above 0. Nearest legal value: 3.0.",
        block("@Sparse(sparsity = 0.5, schedule = @Schedule(\npower = 0)) /*here*/\nLinear wide;"));
  }

  @Test
  void twoPatterns() {
    assertOnly(
        ERROR,
        "FIL-0115: wide is annotated with both @Sparse and @NMSparse; a weight has one pattern. Remove one of them.",
        block("@Sparse(sparsity = 0.5)\n@NMSparse(n = 2, m = 4) /*here*/\nLinear wide;"));
  }

  @Test
  void scheduleAlone() {
    assertOnly(
        ERROR,
        "FIL-0129: @Schedule on field wide has no @Sparse or @NMSparse beside it. Add one, or remove the schedule.",
        block("@Schedule /*here*/ Linear wide;"));
    assertOnly(
        ERROR,
        "FIL-0129: @Schedule on field wide has no @Sparse or @NMSparse beside it. Add one, or remove the schedule.",
        block("@ActivationSparse(sparsity = 0.5)\n@Schedule /*here*/\nLinear wide;"));
  }

  @Test
  void scopeWithoutMeaning() {
    assertOnly(
        ERROR,
        "FIL-0132: @Sparse(scope = ROW) has no meaning for granularity CHANNEL. Legal: DEFAULT, LAYER, GLOBAL.",
        block(
            "@Sparse(sparsity = 0.5, granularity = Granularity.CHANNEL,\nscope = Scope.ROW) /*here*/\nLinear wide;"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`` | it is empty",
        "/a | paths neither start nor end with '/'",
        "a/ | paths neither start nor end with '/'",
        "a//b | a name between two '/' is empty",
        "a.b | names are joined by '/' and have no blanks at the ends, backslashes or dots"
      })
  void globsThatCannotMatch(String glob, String reason) {
    assertOnly(
        ERROR,
        "FIL-0127: The glob \"%s\" can match no path: %s. Paths are child names joined by '/', for example \"encoder/wide\" or \"**/fc*\"."
            .formatted(glob, reason),
        "@Sparse(sparsity = 0.5, include = {\n\"fine\",\n\"%s\" /*here*/\n})\n".formatted(glob)
            + block(""));
  }

  @Test
  void oneGlobWithoutBraces() {
    assertOnly(
        ERROR,
        "FIL-0127: The glob \"a//b\" can match no path: a name between two '/' is empty. Paths are child names joined by '/', for example \"encoder/wide\" or \"**/fc*\".",
        "@Sparse(sparsity = 0.5,\nexclude = \"a//b\") /*here*/\n" + block(""));
  }

  @Test
  void excludeLeavesNothing() {
    assertOnly(
        ERROR,
        "FIL-0138: exclude = \"**\" takes out every path, so no layer is left. Narrow exclude, or remove the annotation.",
        "@Sparse(sparsity = 0.5,\nexclude = {\"a\", \"**\"}) /*here*/\n" + block(""));
    assertOnly(
        ERROR,
        "FIL-0138: exclude = \"a\", \"b/*\" takes out all that include takes, so no layer is left. Narrow exclude, or remove the annotation.",
        "@Sparse(sparsity = 0.5, include = {\"a\", \"b/*\"},\nexclude = {\"b/*\", \"a\", \"c\"}) /*here*/\n"
            + block(""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"include", "exclude"})
  void globsOnOneLayer(String attribute) {
    assertOnly(
        ERROR,
        "FIL-0128: include and exclude choose layers below a type; they do not go with field body. Remove them.",
        block(
            "@Sparse(sparsity = 0.5,\n%s = \"a\") /*here*/\nSequentialBlock body;"
                .formatted(attribute)));
    assertOnly(
        ERROR,
        "FIL-0128: include and exclude choose layers below a type; they do not go with method body(). Remove them.",
        block(
            "@Sparse(sparsity = 0.5,\n%s = \"a\") /*here*/\nBlock body() { return null; }"
                .formatted(attribute)));
  }

  @Test
  void severalAtOnceEachAtItsLine() {
    assertAll(
        List.of(
            "ERROR FIL-0101: sparsity is 2.0; it is the fraction removed and must be at least 0 and below 1. Nearest legal value: 0.02 (if 2 % was meant).",
            "ERROR FIL-0113: every is -1; the mask is chosen anew every 1 or more steps. Nearest legal value: 1.",
            "WARNING FIL-0103: n = m = 8 keeps every weight, so nothing becomes sparse. Choose n below m, for example n = 4."),
        block(
            """
              @Sparse(
                  sparsity = 2, /*here*/
                  schedule =
                      @Schedule(
                          every = -1)) /*here*/
              Linear a;

              @NMSparse(n = 8, m = 8) Linear b; /*here*/
            """));
  }
}
