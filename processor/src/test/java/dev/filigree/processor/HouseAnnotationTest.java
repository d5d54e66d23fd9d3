package dev.filigree.processor;

import static dev.filigree.processor.Programs.assertAll;
import static dev.filigree.processor.Programs.assertClean;
import static dev.filigree.processor.Programs.assertOnly;
import static dev.filigree.processor.Programs.block;
import static dev.filigree.processor.Programs.index;
import static javax.tools.Diagnostic.Kind.ERROR;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Annotation types that carry ours. */
class HouseAnnotationTest {
  private static final String RUNTIME = "@Retention(RetentionPolicy.RUNTIME) ";

  @Test
  void standsForWhatItCarries() {
    assertThat(
            index(
                assertClean(
                    RUNTIME + "@NMSparse(n = 2, m = 8) @interface House {}\n",
                    block("@House Linear wide;"))))
        .isEqualTo(java.util.Map.of("META-INF/filigree/index/Net", "field\tNet\twide\t2:8\n"));
  }

  @Test
  void throughAnotherHouseAnnotation() {
    assertThat(
            index(
                assertClean(
                    RUNTIME + "@Sparse(sparsity = 0.5) @interface Inner {}\n",
                    RUNTIME + "@Inner @ActivationSparse(sparsity = 0.25) @interface Outer {}\n",
                    "@Outer\n" + block(""))))
        .isEqualTo(
            java.util.Map.of(
                "META-INF/filigree/index/Net", "type\tNet\t\tunstructured 0.5 + teal 0.25\n"));
  }

  @Test
  void annotationTypesThatCarryEachOther() {
    assertClean(
        RUNTIME + "@Pong @interface Ping {}\n",
        RUNTIME + "@Ping @Sparse(sparsity = 0.5) @interface Pong {}\n",
        block("@Ping Linear wide;"));
  }

  @Test
  void badValuesAreReportedAtTheDeclarationAndAtEachUse() {
    String text =
        "ERROR FIL-0101: sparsity is 1.0; it is the fraction removed and must be at least 0 and below 1. Nearest legal value: 0.99.";
    assertAll(
        List.of(text, text),
        RUNTIME + "@Sparse(\nsparsity = 1.0) /*here*/\n@interface House {}\n",
        block("\n@House /*here*/\nLinear wide;"));
  }

  @Test
  void duplicate() {
    assertOnly(
        ERROR,
        "FIL-0116: wide is annotated with @Sparse twice: directly and through @House. Remove one of them.",
        RUNTIME + "@Sparse(sparsity = 0.5) @interface House {}\n",
        block("@House /*here*/\n@Sparse(sparsity = 0.75)\nLinear wide;"));
  }

  @Test
  void duplicateThroughTwo() {
    assertOnly(
        ERROR,
        "FIL-0116: wide is annotated with @Sparse twice: through @First and through @Second. Remove one of them.",
        RUNTIME + "@Sparse(sparsity = 0.5) @interface First {}\n",
        RUNTIME + "@Sparse(sparsity = 0.25) @interface Second {}\n",
        block("@First\n@Second /*here*/\nLinear wide;"));
  }

  @Test
  void sameOneOnTwoWaysCountsOnce() {
    assertClean(
        RUNTIME + "@Sparse(sparsity = 0.5) @interface Base {}\n",
        RUNTIME + "@Base @interface First {}\n",
        RUNTIME + "@Base @interface Second {}\n",
        block("@First @Second Linear wide;"));
  }

  @Test
  void conflict() {
    assertOnly(
        ERROR,
        "FIL-0115: wide is annotated with both @Sparse and @NMSparse; a weight has one pattern. Remove one of them.",
        RUNTIME + "@NMSparse(n = 2, m = 4) @interface House {}\n",
        block("@House /*here*/\n@Sparse(sparsity = 0.75)\nLinear wide;"));
  }

  @Test
  void twoSchedules() {
    assertOnly(
        ERROR,
        "FIL-0116: wide is annotated with @Schedule twice: directly and through @Slow. Remove one of them.",
        RUNTIME + "@Schedule(end = 0.9) @interface Slow {}\n",
        block("@Slow /*here*/\n@Schedule @Sparse(sparsity = 0.75)\nLinear wide;"));
  }

  @Test
  void scheduleOfAHouse() {
    String slow = RUNTIME + "@Schedule(end = 0.9) @interface Slow {}\n";
    assertClean(slow, block("@Slow @Sparse(sparsity = 0.75) Linear wide;"));
    assertOnly(
        ERROR,
        "FIL-0129: @Schedule on field wide has no @Sparse or @NMSparse beside it. Add one, or remove the schedule.",
        slow,
        block("@Slow /*here*/\nLinear wide;"));
    assertOnly(
        ERROR,
        "FIL-0111: The schedule window is empty: start = 0.95, end = 0.9. end must be above start; try end = 1.0.",
        RUNTIME + "@Schedule(start = 0.95,\nend = 0.9) /*here*/\n@interface Slow {}\n");
  }

  @Test
  void notKeptUntilRunTime() {
    String text =
        "ERROR FIL-0135: @House carries Filigree annotations but is kept until %s only, so nothing is seen at run time. Add @Retention(RetentionPolicy.RUNTIME) to it.";
    assertAll(
        List.of(text.formatted("CLASS"), text.formatted("CLASS")),
        "@Sparse(sparsity = 0.5) /*here*/\n@interface House {}\n",
        block("@House /*here*/ Linear wide;"));
    assertOnly(
        ERROR,
        text.formatted("SOURCE").substring("ERROR ".length()),
        "@Retention(RetentionPolicy.SOURCE)\n@Schedule /*here*/\n@interface House {}\n");
  }

  @Test
  void globsOfAHouseAreJudgedAtTheUse() {
    String house = RUNTIME + "@Sparse(sparsity = 0.5, exclude = \"head\") @interface House {}\n";
    assertClean(house, "@House\n" + block(""));
    assertOnly(
        ERROR,
        "FIL-0128: include and exclude choose layers below a type; they do not go with field wide. Remove them.",
        house,
        block("@House /*here*/\nLinear wide;"));
  }
}
