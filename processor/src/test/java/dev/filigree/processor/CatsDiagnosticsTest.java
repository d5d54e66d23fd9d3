package dev.filigree.processor;

import static dev.filigree.processor.Programs.assertAll;
import static dev.filigree.processor.Programs.assertClean;
import static dev.filigree.processor.Programs.assertOnly;
import static dev.filigree.processor.Programs.block;
import static javax.tools.Diagnostic.Kind.ERROR;

import java.util.List;
import org.junit.jupiter.api.Test;

/** CATS names three fields of the annotated type. */
class CatsDiagnosticsTest {
  private static final String FIELDS = "Linear w1;\nprivate final Linear w2 = null;\nBlock w3;";

  private static String cats(String roles) {
    return "@ActivationSparse(sparsity = 0.5, method = ActivationMethod.CATS,\n" + roles + ")\n";
  }

  @Test
  void legal() {
    assertClean(cats("gate = \"w1\", up = \"w3\", down = \"w2\"") + block(FIELDS));
  }

  @Test
  void chessNamesThemAsWell() {
    String roles = "gate = \"w1\", up = \"w3\", down = \"w2\"";
    assertClean(cats(roles).replace("CATS", "CHESS") + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0117: method = CHESS needs the names of three fields; down is missing. Write gate = \"...\", up = \"...\", down = \"...\".",
        "/*here*/ " + cats("gate = \"w1\", up = \"w3\"").replace("CATS", "CHESS") + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0119: method = CHESS spans three layers and goes on the block type that holds them, not on field w1. Move it to the type.",
        block(
            "@ActivationSparse(sparsity = 0.5,\nmethod = ActivationMethod.CHESS) /*here*/\nLinear w1;"));
  }

  @Test
  void greedyNamesThemAsWell() {
    String roles = "gate = \"w1\", up = \"w3\", down = \"w2\"";
    String start = "@ActivationSparse(method = ActivationMethod.TEAL_GREEDY,\n";
    assertClean(start + roles + ", sparsity = 0.95)\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0117: method = TEAL_GREEDY needs the names of three fields; up is missing. Write gate = \"...\", up = \"...\", down = \"...\".",
        "/*here*/ " + start + "sparsity = 0.5, gate = \"w1\", down = \"w2\")\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0118: down = \"w4\" is no field of Net that holds a Block. Fields that do: w1, w2, w3.",
        start
            + "sparsity = 0.5, gate = \"w1\", up = \"w3\",\ndown = \"w4\" /*here*/)\n"
            + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0119: method = TEAL_GREEDY spans three layers and goes on the block type that holds them, not on field w1. Move it to the type.",
        block(
            "@ActivationSparse(sparsity = 0.5,\nmethod = ActivationMethod.TEAL_GREEDY) /*here*/\nLinear w1;"));
    assertOnly(
        ERROR,
        "FIL-0128: include and exclude choose layers below a type; they do not go with TEAL_GREEDY, which names its three layers. Remove them.",
        start + roles + ", sparsity = 0.5,\ninclude = \"w1\" /*here*/)\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0130: @ActivationSparse(method = TEAL_GREEDY) cannot act on field conv: activations are skipped in Linear layers only. Remove it, or annotate a Linear.",
        start
            + "sparsity = 0.5, up = \"w3\", down = \"w2\",\ngate = \"conv\" /*here*/)\n"
            + block(FIELDS + "\nConv2d conv;"));
    assertOnly(
        ERROR,
        "FIL-0833: method = TEAL_GREEDY needs sparsity, the fraction of the activations that is set to zero, and it is missing. Write for example sparsity = 0.5.",
        "/*here*/ " + start + roles + ")\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0878: sparsity is 0.97; TEAL_GREEDY leaves every layer 5 % of its inputs, so it must be at least 0 and at most 0.95. Nearest legal value: 0.95.",
        start + roles + ",\nsparsity = 0.97 /*here*/)\n" + block(FIELDS));
    for (String given : List.of("threshold = 0.1", "lambda = 0.1", "end = 1")) {
      String name = given.substring(0, given.indexOf(' '));
      assertOnly(
          ERROR,
          "FIL-0834: "
              + name
              + " is given, but method is TEAL_GREEDY. RELU skips what is zero and takes threshold, lambda and end; the others take sparsity. Remove it.",
          start + roles + ", sparsity = 0.5,\n" + given + " /*here*/)\n" + block(FIELDS));
    }
  }

  /** R_SPARSE goes on a layer, or a type for the layers below it. */
  @Test
  void lowRankIsOfLayers() {
    String start = "@ActivationSparse(method = ActivationMethod.R_SPARSE";
    assertClean(block(start + ", sparsity = 0.99) Linear w1;"));
    assertClean(start + ", sparsity = 0.5, include = \"w*\")\n" + block(FIELDS));
    assertClean(block("@NMSparse(n = 2, m = 4)\n" + start + ", sparsity = 0.5) Linear w1;"));
    assertOnly(
        ERROR,
        "FIL-0833: method = R_SPARSE needs sparsity, the fraction of the activations that is set to zero, and it is missing. Write for example sparsity = 0.5.",
        block("Linear w2;\n/*here*/ " + start + ")\nLinear w1;"));
    assertOnly(
        ERROR,
        "FIL-0120: down names fields but method is R_SPARSE. Only CATS, CHESS, RELU, TEAL_GREEDY and COREINFER take gate, up and down; remove them or set method = ActivationMethod.CATS.",
        start + ", sparsity = 0.5,\ndown = \"w2\" /*here*/)\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0834: lambda is given, but method is R_SPARSE. RELU skips what is zero and takes threshold, lambda and end; the others take sparsity. Remove it.",
        block("Linear w2;\n" + start + ", sparsity = 0.5,\nlambda = 0.1 /*here*/)\nLinear w1;"));
    assertOnly(
        ERROR,
        "FIL-0130: @ActivationSparse cannot act on conv of type ai.djl.nn.convolutional.Conv2d: activations are skipped in Linear layers only. Remove it, or annotate a Linear.",
        block("Linear w2;\n/*here*/ " + start + ",\nsparsity = 0.5)\nConv2d conv;"));
    assertOnly(
        ERROR,
        "FIL-0134: Two annotations set CATS, CHESS, RELU, TEAL_GREEDY or COREINFER and another activation method on layer w2. Remove or exclude it in one of them.",
        cats("gate = \"w1\", up = \"w3\",\ndown = \"w2\" /*here*/")
            + block("Linear w1, w3;\n" + start + ", sparsity = 0.5) Linear w2;"));
  }

  @Test
  void coreInferNamesThemAsWell() {
    String roles = "gate = \"w1\", up = \"w3\", down = \"w2\"";
    String start = "@ActivationSparse(method = ActivationMethod.COREINFER,\n";
    assertClean(start + roles + ", sparsity = 0.5)\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0117: method = COREINFER needs the names of three fields; gate is missing. Write gate = \"...\", up = \"...\", down = \"...\".",
        "/*here*/ " + start + "sparsity = 0.5, up = \"w3\", down = \"w2\")\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0118: up = \"w4\" is no field of Net that holds a Block. Fields that do: w1, w2, w3.",
        start
            + "sparsity = 0.5, gate = \"w1\", down = \"w2\",\nup = \"w4\" /*here*/)\n"
            + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0119: method = COREINFER spans three layers and goes on the block type that holds them, not on field w1. Move it to the type.",
        block(
            "@ActivationSparse(sparsity = 0.5,\nmethod = ActivationMethod.COREINFER) /*here*/\nLinear w1;"));
    assertOnly(
        ERROR,
        "FIL-0121: gate, up and down must be three different fields; \"w1\" is named twice.",
        start
            + "sparsity = 0.5, gate = \"w1\", up = \"w3\",\ndown = \"w1\" /*here*/)\n"
            + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0128: include and exclude choose layers below a type; they do not go with COREINFER, which names its three layers. Remove them.",
        start + roles + ", sparsity = 0.5,\nexclude = \"w1\" /*here*/)\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0833: method = COREINFER needs sparsity, the fraction of the activations that is set to zero, and it is missing. Write for example sparsity = 0.5.",
        "/*here*/ " + start + roles + ")\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0101: sparsity is 1.0; it is the fraction removed and must be at least 0 and below 1. Nearest legal value: 0.99.",
        start + roles + ",\nsparsity = 1 /*here*/)\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0834: threshold is given, but method is COREINFER. RELU skips what is zero and takes threshold, lambda and end; the others take sparsity. Remove it.",
        start + roles + ", sparsity = 0.5,\nthreshold = 0.1 /*here*/)\n" + block(FIELDS));
  }

  @Test
  void reluNamesThemAndHasNoSparsity() {
    String roles = "gate = \"w1\", up = \"w3\", down = \"w2\"";
    String relu = "@ActivationSparse(method = ActivationMethod.RELU,\n";
    assertClean(relu + roles + ")\n" + block(FIELDS));
    assertClean(relu + roles + ", threshold = 0.01)\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0117: method = RELU needs the names of three fields; down is missing. Write gate = \"...\", up = \"...\", down = \"...\".",
        "/*here*/ " + relu + "gate = \"w1\", up = \"w3\")\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0834: sparsity is given, but method is RELU. RELU skips what is zero and takes threshold, lambda and end; the others take sparsity. Remove it.",
        relu + roles + ",\nsparsity = 0.5 /*here*/)\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0837: threshold is -1.0; it must be finite and at least 0. Nearest legal value: 0.0.",
        relu + roles + ",\nthreshold = -1 /*here*/)\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0834: threshold is given, but method is CATS. RELU skips what is zero and takes threshold, lambda and end; the others take sparsity. Remove it.",
        cats(roles + ",\nthreshold = 0.1 /*here*/") + block(FIELDS));
  }

  @Test
  void regulariserOfRelu() {
    String relu =
        "@ActivationSparse(method = ActivationMethod.RELU,\n"
            + "gate = \"w1\", up = \"w3\", down = \"w2\"";
    assertClean(relu + ", lambda = 0.1)\n" + block(FIELDS));
    assertClean(relu + ", lambda = {0, 0.1}, end = {0.2, 1})\n" + block(FIELDS));
    assertClean(relu + ", lambda = {0, 0.1}, end = {500, 1000})\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0110: lambda is -0.1; it must be finite and at least 0. Nearest legal value: 0.0.",
        relu + ",\nlambda = {0, -0.1} /*here*/)\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0836: end is {0.5} and lambda has 2 factor(s). Each needs the end of its stage: above 0, ascending, all fractions to 1 or all whole steps.",
        relu + ", lambda = {0, 0.1},\nend = 0.5 /*here*/)\n" + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0834: lambda is given, but method is CATS. RELU skips what is zero and takes threshold, lambda and end; the others take sparsity. Remove it.",
        cats("gate = \"w1\", up = \"w3\", down = \"w2\",\nlambda = 0.1 /*here*/") + block(FIELDS));
  }

  @Test
  void othersNeedASparsity() {
    assertOnly(
        ERROR,
        "FIL-0833: method = TEAL needs sparsity, the fraction of the activations that is set to zero, and it is missing. Write for example sparsity = 0.5.",
        block("Linear w2;\n@ActivationSparse /*here*/\nLinear w1;"));
    assertOnly(
        ERROR,
        "FIL-0833: method = CATS needs sparsity, the fraction of the activations that is set to zero, and it is missing. Write for example sparsity = 0.5.",
        "/*here*/ @ActivationSparse(method = ActivationMethod.CATS,\ngate = \"w1\", up = \"w3\", down = \"w2\")\n"
            + block(FIELDS));
    assertOnly(
        ERROR,
        "FIL-0833: method = WINA needs sparsity, the fraction of the activations that is set to zero, and it is missing. Write for example sparsity = 0.5.",
        block("/*here*/ @ActivationSparse(method = ActivationMethod.WINA)\nLinear w1;"));
  }

  @Test
  void inheritedFields() {
    assertClean(
        "abstract class Base extends AbstractBlock {\nprivate Linear w1;\n}\n",
        cats("gate = \"w1\", up = \"w3\", down = \"w2\"")
            + "abstract class Net extends Base {\nLinear w2, w3;\n}\n");
  }

  @Test
  void missingRole() {
    assertOnly(
        ERROR,
        "FIL-0117: method = CATS needs the names of three fields; down is missing. Write gate = \"...\", up = \"...\", down = \"...\".",
        "/*here*/ " + cats("gate = \"w1\", up = \"w3\"") + block(FIELDS));
  }

  @Test
  void unknownFields() {
    assertAll(
        List.of(
            "ERROR FIL-0118: gate = \"w4\" is no field of Net that holds a Block. Fields that do: w1, w2, w3.",
            "ERROR FIL-0118: up = \"name\" is no field of Net that holds a Block. Fields that do: w1, w2, w3.",
            "ERROR FIL-0118: down = \"shared\" is no field of Net that holds a Block. Fields that do: w1, w2, w3."),
        cats(
                """
                gate = "w4", /*here*/
                up = "name", /*here*/
                down = "shared" /*here*/
                """)
            + block(FIELDS + "\nString name; static Linear shared;"));
  }

  @Test
  void noFieldsAtAll() {
    String text = "ERROR FIL-0118: %s is no field of Net that holds a Block. Fields that do: none.";
    assertAll(
        List.of(
            text.formatted("gate = \"a\""),
            text.formatted("up = \"b\""),
            text.formatted("down = \"c\"")),
        cats("gate = \"a\", up = \"b\", down = \"c\" /*here*/ /*here*/ /*here*/") + block(""));
  }

  @Test
  void otherMethodWithRoles() {
    assertOnly(
        ERROR,
        "FIL-0120: gate names fields but method is TEAL. Only CATS, CHESS, RELU, TEAL_GREEDY and COREINFER take gate, up and down; remove them or set method = ActivationMethod.CATS.",
        "@ActivationSparse(sparsity = 0.5,\ngate = \"w1\") /*here*/\n" + block(FIELDS));
  }

  @Test
  void oneFieldTwice() {
    assertOnly(
        ERROR,
        "FIL-0121: gate, up and down must be three different fields; \"w1\" is named twice.",
        cats("gate = \"w1\",\nup = \"w3\",\ndown = \"w1\" /*here*/") + block(FIELDS));
  }

  @Test
  void globs() {
    assertOnly(
        ERROR,
        "FIL-0128: include and exclude choose layers below a type; they do not go with CATS, which names its three layers. Remove them.",
        cats("gate = \"w1\", up = \"w3\", down = \"w2\",\nexclude = \"w1\" /*here*/")
            + block(FIELDS));
  }

  @Test
  void roleThatIsNoLinear() {
    assertOnly(
        ERROR,
        "FIL-0130: @ActivationSparse(method = CATS) cannot act on field conv: activations are skipped in Linear layers only. Remove it, or annotate a Linear.",
        cats("gate = \"conv\", /*here*/\nup = \"w3\", down = \"w2\"")
            + block(FIELDS + "\nConv2d conv;"));
  }

  @Test
  void secondMethodOnAPart() {
    assertOnly(
        ERROR,
        "FIL-0134: Two annotations set CATS, CHESS, RELU, TEAL_GREEDY or COREINFER and another activation method on layer w2. Remove or exclude it in one of them.",
        cats("gate = \"w1\", up = \"w3\",\ndown = \"w2\" /*here*/")
            + block("Linear w1, w3;\n@ActivationSparse(sparsity = 0.5) Linear w2;"));
  }
}
