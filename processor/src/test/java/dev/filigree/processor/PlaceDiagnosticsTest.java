package dev.filigree.processor;

import static dev.filigree.processor.Programs.assertAll;
import static dev.filigree.processor.Programs.assertOnly;
import static dev.filigree.processor.Programs.block;
import static javax.tools.Diagnostic.Kind.ERROR;
import static javax.tools.Diagnostic.Kind.WARNING;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.testing.compile.Compilation;
import com.google.testing.compile.JavaFileObjects;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every message about where an annotation stands, by kind, line and exact text. */
class PlaceDiagnosticsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "String|java.lang.String",
        "int|int",
        "Object|java.lang.Object",
        "List<String>|java.util.List<java.lang.String>",
        "Map<Linear, String>|java.util.Map<ai.djl.nn.core.Linear, java.lang.String>",
        "double[]|double[]",
        "Optional<Linear>|java.util.Optional<ai.djl.nn.core.Linear>"
      })
  void fieldWithoutBlocks(String type, String shown) {
    assertOnly(
        ERROR,
        "FIL-0122: wide is of type %s, which is no ai.djl.nn.Block nor a collection, array or map of them. Annotate a layer."
            .formatted(shown),
        block("@Sparse(sparsity = 0.5) /*here*/\n%s wide;".formatted(type)));
  }

  @Test
  void typeThatIsNoBlock() {
    assertOnly(
        ERROR,
        "FIL-0137: Holder is no ai.djl.nn.Block, so there are no layers below it. Annotate a block class, or the fields that hold the layers.",
        "@Sparse(sparsity = 0.5) /*here*/\nclass Holder {\nLinear wide;\n}\n");
  }

  @Test
  void staticField() {
    assertOnly(
        ERROR,
        "FIL-0123: wide is static; Filigree binds layers of one model instance. Make it an instance field.",
        block("@Sparse(sparsity = 0.5) /*here*/\nstatic Linear wide;"));
    assertOnly(
        ERROR,
        "FIL-0123: WIDE is static; Filigree binds layers of one model instance. Make it an instance field.",
        "interface Holder {\n@Sparse(sparsity = 0.5) /*here*/\nLinear WIDE = null;\n}\n");
  }

  @Test
  void localClass() {
    assertAll(
        List.of(
            "ERROR FIL-0124: Inner is a local or anonymous class, which cannot be indexed. Make it a named top-level or nested class.",
            "ERROR FIL-0124: Inner is a local or anonymous class, which cannot be indexed. Make it a named top-level or nested class.",
            "ERROR FIL-0124: Inner is a local or anonymous class, which cannot be indexed. Make it a named top-level or nested class."),
        """
        class Net {
          void build() {
            @Sparse(sparsity = 0.5) /*here*/
            abstract class Inner extends AbstractBlock {
              @dev.filigree.annotations.NMSparse(n = 2, m = 4) /*here*/
              Linear wide;
              @Sparse(sparsity = 0.5) /*here*/
              Block make() { return null; }
            }
          }
        }
        """);
  }

  @Test
  void anonymousClass() {
    assertOnly(
        ERROR,
        "FIL-0124: new Object() {...} is a local or anonymous class, which cannot be indexed. Make it a named top-level or nested class.",
        """
        class Net {
          Object o = new Object() {
            @Sparse(sparsity = 0.5) /*here*/
            Linear wide;
          };
        }
        """);
  }

  @Test
  void nestedClassOfALocalClassWithAHouseAnnotation() {
    assertOnly(
        ERROR,
        "FIL-0124: Deep is a local or anonymous class, which cannot be indexed. Make it a named top-level or nested class.",
        """
        class Net {
          @Retention(RetentionPolicy.RUNTIME) @Sparse(sparsity = 0.5) @interface House {}
          Runnable r = () -> {
            class Deep {
              class Deeper {
                @House /*here*/
                Linear wide;
              }
            }
          };
        }
        """);
  }

  @ParameterizedTest
  @CsvSource({
    "LayerNorm,ai.djl.nn.norm.LayerNorm",
    "BatchNorm,ai.djl.nn.norm.BatchNorm",
    "GhostBatchNorm,ai.djl.nn.norm.GhostBatchNorm",
    "Dropout,ai.djl.nn.norm.Dropout",
    "LambdaBlock,ai.djl.nn.LambdaBlock",
    "SymbolBlock,ai.djl.nn.SymbolBlock",
    "AbstractSymbolBlock,ai.djl.nn.AbstractSymbolBlock",
    "Prelu,ai.djl.nn.core.Prelu",
    "LinearCollection,ai.djl.nn.core.LinearCollection",
    "Multiplication,ai.djl.nn.core.Multiplication",
    "SparseMax,ai.djl.nn.core.SparseMax",
    "Conv2dTranspose,ai.djl.nn.convolutional.Conv2dTranspose",
  })
  void unsupportedLayer(String type, String shown) {
    String text =
        "FIL-0125: %s is of type %s, which has no weight that Filigree can make sparse. Supported: Linear, Conv1d, Conv2d, Conv3d, LSTM, GRU, RNN, and blocks that contain them.";
    assertOnly(
        ERROR,
        text.formatted("wide", shown),
        block("@Sparse(sparsity = 0.5) /*here*/\n%s wide;".formatted(type)));
    assertOnly(
        ERROR,
        text.formatted("make()", shown),
        block("@NMSparse(n = 2, m = 4) /*here*/\n%s make() { return null; }".formatted(type)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Embedding<String>",
        "ConstantEmbedding",
        "IdEmbedding",
        "List<IdEmbedding>",
        "ai.djl.modality.nlp.embedding.TrainableWordEmbedding"
      })
  void embedding(String type) {
    assertOnly(
        ERROR,
        "FIL-0126: table is an embedding; its rows are looked up, not multiplied, so sparsity saves nothing. Annotate a Linear, convolution or recurrent layer.",
        block("@Sparse(sparsity = 0.5) /*here*/\n%s table;".formatted(type)));
  }

  @Test
  void unsupportedType() {
    assertOnly(
        ERROR,
        "FIL-0125: Norm is of type ai.djl.nn.norm.BatchNorm, which has no weight that Filigree can make sparse. Supported: Linear, Conv1d, Conv2d, Conv3d, LSTM, GRU, RNN, and blocks that contain them.",
        """
        @Sparse(sparsity = 0.5) /*here*/
        class Norm extends BatchNorm {
          Norm(BatchNorm.BaseBuilder<?> b) { super(b); }
        }
        """);
  }

  @ParameterizedTest
  @CsvSource({
    "Conv2d,ai.djl.nn.convolutional.Conv2d",
    "Conv1d,ai.djl.nn.convolutional.Conv1d",
    "LSTM,ai.djl.nn.recurrent.LSTM",
    "GRU,ai.djl.nn.recurrent.GRU"
  })
  void activationsOutsideLinear(String type, String shown) {
    assertOnly(
        ERROR,
        "FIL-0130: @ActivationSparse cannot act on wide of type %s: activations are skipped in Linear layers only. Remove it, or annotate a Linear."
            .formatted(shown),
        block("@ActivationSparse(sparsity = 0.5) /*here*/\n%s wide;".formatted(type)));
  }

  @Test
  void srSteOnRecurrentLayers() {
    String text =
        "FIL-0131: training = SR_STE cannot be used on wide of type ai.djl.nn.recurrent.%s. Recurrent layers take training = Training.HARD.";
    assertOnly(
        ERROR,
        text.formatted("LSTM"),
        block("@NMSparse(n = 2,\nm = 4,\ntraining = Training.SR_STE) /*here*/\nLSTM wide;"));
    assertOnly(ERROR, text.formatted("GRU"), block("@NMSparse(n = 2, m = 4) /*here*/\nGRU wide;"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"void", "String", "Object", "List<ai.djl.nn.core.Linear>"})
  void factoryWithoutBlock(String type) {
    String shown = type.replace("List", "java.util.List").replace("String", "java.lang.String");
    shown = shown.equals("Object") ? "java.lang.Object" : shown;
    assertOnly(
        ERROR,
        "FIL-0133: make() returns %s; a factory method must return a Block. Annotate a method that does, or the field."
            .formatted(shown),
        block(
            "@Sparse(sparsity = 0.5) /*here*/\n%s make() { throw new IllegalStateException(); }"
                .formatted(type)));
  }

  @Test
  void methodWithoutBody() {
    assertOnly(
        WARNING,
        "FIL-0139: make() has no body, so no layer comes out of it. Annotate the methods that implement it instead.",
        block("@Sparse(sparsity = 0.5) /*here*/\nabstract Block make();"));
  }

  @Test
  void placesNothingIsBound() {
    String house =
        "@Retention(RetentionPolicy.RUNTIME) @Sparse(sparsity = 0.5) @interface House {}\n";
    String text =
        "FIL-0136: %s is %s; Filigree annotations act on fields, factory methods and classes. Move it to one of these.";
    assertOnly(
        ERROR,
        text.formatted("p", "a parameter"),
        house,
        block("void f(\n@House /*here*/\nLinear p) {}"));
    assertOnly(
        ERROR, text.formatted("Net()", "a constructor"), house, block("@House /*here*/\nNet() {}"));
    assertOnly(
        ERROR,
        text.formatted("Net", "an interface"),
        "@Sparse(sparsity = 0.5) /*here*/\ninterface Net extends Block {}\n");
  }

  @Test
  void houseAnnotationOnALocalVariable() {
    assertOnly(
        ERROR,
        "FIL-0136: x is a local variable; Filigree annotations act on fields, factory methods and classes. Move it to one of these.",
        "@Retention(RetentionPolicy.RUNTIME) @Sparse(sparsity = 0.5) @interface House {}\n",
        block("void f() {\n@House /*here*/\nLinear x = null; }"));
  }

  @Test
  void houseAnnotationOnAPackage() {
    Compilation c =
        Programs.compiler()
            .compile(
                JavaFileObjects.forSourceString(
                    "p.House",
                    "package p; @java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.RUNTIME) @dev.filigree.annotations.Sparse(sparsity = 0.5) public @interface House {}"),
                JavaFileObjects.forSourceString("p.package-info", "\n@House package p;"));
    assertThat(c.errors()).hasSize(1);
    assertThat(c.errors().get(0).getLineNumber()).isEqualTo(2);
    assertThat(c.errors().get(0).getMessage(Locale.ROOT))
        .isEqualTo(
            "FIL-0136: p is a package; Filigree annotations act on fields, factory methods and classes. Move it to one of these.");
  }

  @Test
  void catsOnOneLayer() {
    String text =
        "FIL-0119: method = CATS spans three layers and goes on the block type that holds them, not on %s. Move it to the type.";
    assertOnly(
        ERROR,
        text.formatted("field w1"),
        block(
            "@ActivationSparse(sparsity = 0.5,\nmethod = ActivationMethod.CATS) /*here*/\nLinear w1;"));
    assertOnly(
        ERROR,
        text.formatted("method make()"),
        block(
            "@ActivationSparse(sparsity = 0.5, gate = \"a\",\nmethod = ActivationMethod.CATS) /*here*/\nBlock make() { return null; }"));
  }
}
