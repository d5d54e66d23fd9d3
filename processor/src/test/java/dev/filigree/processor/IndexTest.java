package dev.filigree.processor;

import static dev.filigree.processor.Programs.assertClean;
import static dev.filigree.processor.Programs.block;
import static dev.filigree.processor.Programs.index;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class IndexTest {
  private static final String FOLDER = "META-INF/filigree/index/";

  @Test
  void oneLinePerElementInTheOrderOfTheSource() {
    String net =
        """
        package a.b;
        @Sparse(sparsity = 0.9, include = "**/fc*")
        abstract class Net extends AbstractBlock {
          @Sparse(sparsity = 0.8)
          private final Linear wide = null;
          Linear plain;
          @NMSparse(n = 2, m = 4)
          @ActivationSparse(sparsity = 0.5, method = ActivationMethod.WINA)
          Linear next;
          @Sparse(sparsity = 0.5, granularity = Granularity.BLOCK, block = {4, 1})
          static Block head() { return null; }
          static class Inner {
            @Sparse(sparsity = 0.25, granularity = Granularity.ROW) List<Linear> rows;
            @ActivationSparse(sparsity = 0.5, method = ActivationMethod.CATS, gate = "g", up = "u", down = "d")
            abstract class Deep extends AbstractBlock {
              Linear g, u, d;
            }
          }
        }
        """;
    assertThat(index(assertClean(net)))
        .isEqualTo(
            Map.of(
                FOLDER + "a.b.Net",
                """
                type\ta.b.Net\t\tunstructured 0.9
                field\ta.b.Net\twide\tunstructured 0.8
                field\ta.b.Net\tnext\t2:4 + wina 0.5
                method\ta.b.Net\thead\tblock:4x1 0.5
                field\ta.b.Net$Inner\trows\trow 0.25
                type\ta.b.Net$Inner$Deep\t\tcats 0.5
                """));
  }

  @Test
  void classesDoNotDependOnEachOther() {
    String one = "class One {\n@Sparse(sparsity = 0.5) Linear a;\n}\n";
    String two = "class Two {\n@Sparse(sparsity = 0.5) Linear b; One one;\n}\n";
    Map<String, String> both = index(assertClean(one, two));
    assertThat(both).containsOnlyKeys(FOLDER + "One", FOLDER + "Two");
    Map<String, String> changed = index(assertClean(one.replace("0.5", "0.75"), two));
    assertThat(changed.get(FOLDER + "Two")).isEqualTo(both.get(FOLDER + "Two"));
    assertThat(changed.get(FOLDER + "One")).isEqualTo("field\tOne\ta\tunstructured 0.75\n");
    assertThat(index(assertClean(one)).get(FOLDER + "One")).isEqualTo(both.get(FOLDER + "One"));
  }

  @Test
  void nothingForClassesWithoutDeclarations() {
    assertThat(index(assertClean(block("Linear a; @Deprecated Linear b;")))).isEmpty();
    assertThat(
            index(
                assertClean(
                    "@Retention(RetentionPolicy.RUNTIME) @Sparse(sparsity = 0.5) @interface House {}\n")))
        .isEmpty();
  }

  @Test
  void recordComponentsCountOnce() {
    String house =
        "@Retention(RetentionPolicy.RUNTIME) @Sparse(sparsity = 0.25) @interface House {}\n";
    String ffn = "record Ffn(@Sparse(sparsity = 0.5) Linear a, @House Linear b) {}\n";
    assertThat(index(assertClean(house, ffn)))
        .isEqualTo(
            Map.of(
                FOLDER + "Ffn",
                "field\tFfn\ta\tunstructured 0.5\nfield\tFfn\tb\tunstructured 0.25\n"));
  }
}
