package dev.filigree.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The two classifiers differ in annotations only. */
final class ClassifierTest {

  @Test
  void sameParametersAndOutputs() {
    try (NDManager manager = NDManager.newBaseManager()) {
      assertThat(parameters(manager, new DigitClassifier()))
          .isEqualTo(parameters(manager, new PlainDigitClassifier()))
          .hasSize(8);
    }
  }

  private static List<String> parameters(NDManager manager, AbstractBlock block) {
    block.initialize(manager, DataType.FLOAT32, new Shape(3, Digits.PIXELS));
    List<String> out = new ArrayList<>();
    block
        .getParameters()
        .forEach(p -> out.add(p.getKey() + " " + p.getValue().getArray().getShape()));
    assertThat(block.getOutputShapes(new Shape[] {new Shape(3, Digits.PIXELS)}))
        .containsExactly(new Shape(3, Digits.CLASSES));
    return out;
  }
}
