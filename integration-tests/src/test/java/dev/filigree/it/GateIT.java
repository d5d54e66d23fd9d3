package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.annotations.ActivationSparse;
import dev.filigree.annotations.Sparse;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.serve.Dispatch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The gate end to end: verdicts are kept, one form per weight, the whole model has the last word.
 */
class GateIT {
  private static final String CACHE = "filigree.gate.cache";
  private static final Shape INPUT = new Shape(1, 512);
  private static final PackOptions AUTO =
      new PackOptions(List.of(1, 16), PackOptions.Mode.AUTO).withMemory(PackOptions.Memory.SMALL);

  @TempDir Path folder;

  /** A model that a test can slow down. */
  abstract static class Slowed extends Models.Chain {
    /** Whether the forward that just ended is to be slowed down. */
    private BooleanSupplier slow = () -> false;

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDList out = super.forwardInternal(store, inputs, training, params);
      if (slow.getAsBoolean()) {
        long end = System.nanoTime() + 3_000_000;
        while (System.nanoTime() - end < 0) {
          Thread.onSpinWait();
        }
      }
      return out;
    }

    /** From now on a forward that something packed answers is slow. */
    void slowWherePacked(Model model) {
      long[] seen = {0};
      slow =
          () -> {
            long forwards =
                Filigree.summary(model).layers().stream()
                    .mapToLong(LayerSummary::packedForwards)
                    .sum();
            boolean packed = forwards != seen[0];
            seen[0] = forwards;
            return packed;
          };
    }
  }

  static final class Net extends Slowed {
    @Sparse(sparsity = 0.95)
    private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(1024).build());

    @Override
    List<Block> order() {
      return List.of(wide);
    }
  }

  static final class Thinned extends Slowed {
    @ActivationSparse(sparsity = 0.95, method = ActivationMethod.WINA)
    private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(1024).build());

    @Override
    List<Block> order() {
      return List.of(wide);
    }
  }

  static final class ThinnedBlock extends Slowed {
    private final FusedIT.Wina whole = addChildBlock("whole", new FusedIT.Wina());

    @Override
    List<Block> order() {
      return List.of(whole);
    }
  }

  @AfterEach
  void testsRememberNothing() {
    System.setProperty(CACHE, "off");
  }

  private static LayerSummary pack(Model model, PackOptions options) {
    return Models.layer(Filigree.pack(model, options), "wide");
  }

  @Test
  void whatWasMeasuredIsNotMeasuredAgain() throws Exception {
    Path file = folder.resolve("gate.json");
    System.setProperty(CACHE, file.toString());
    try (Model one = Models.initialised(new Net(), INPUT, 1);
        Model like = Models.initialised(new Net(), INPUT, 2)) {
      LayerSummary first = pack(one, AUTO);
      assertThat(first.verdicts()).hasSize(2);
      assertThat(Files.readString(file)).contains("1024 x 512");
      // Two measurements never agree to the last digit of six numbers.
      assertThat(numbers(pack(like, AUTO))).isEqualTo(numbers(first));
      Files.delete(file);
      assertThat(numbers(pack(like, AUTO))).isNotEqualTo(numbers(first));
      assertThat(numbers(pack(like, AUTO.withCache(PackOptions.Cache.OFF))))
          .isNotEqualTo(numbers(first));
    }
  }

  private static List<Double> numbers(LayerSummary layer) {
    return layer.verdicts().stream()
        .flatMap(v -> List.of(v.ratio(), v.denseMicros(), v.packedMicros()).stream())
        .toList();
  }

  @Test
  void aWeightHasOneFormUnlessMemoryIsGiven() {
    try (Model model = Models.initialised(new Net(), INPUT, 3)) {
      LayerSummary small = pack(model, AUTO);
      long forms =
          small.verdicts().stream()
              .map(LayerSummary.Verdict::chosen)
              .filter(c -> !c.equals("dense"))
              .distinct()
              .count();
      assertThat(forms).isLessThanOrEqualTo(1);
      float[] input = Models.gaussian(512, 4);
      float[] packed = Models.predict(model, input, INPUT);
      Filigree.unpack(model);
      BindingIT.close(packed, Models.predict(model, input, INPUT));
    }
  }

  @Test
  void aModelThatIsSlowerPackedRunsDense() {
    Net net = new Net();
    try (Model model = Models.initialised(net, INPUT, 5)) {
      LayerSummary alone = pack(model, AUTO);
      net.slowWherePacked(model);
      LayerSummary slow = pack(model, AUTO);
      assertThat(slow.verdicts())
          .extracting(LayerSummary.Verdict::chosen)
          .containsExactly("dense", "dense");
      assertThat(slow.format()).isEqualTo("dense");
      // What is fastest without the slow block is the machine's to say; sparse forms break even.
      LayerSummary.Verdict verdict = alone.verdicts().get(0);
      if (!verdict.chosen().startsWith("dense")) {
        assertThat(verdict.breakEven()).isBetween(0.0, 1.0);
      }
    }
  }

  @Test
  void aModelThatIsSlowerPackedSkipsNothingEither() {
    skipsNothing(new Thinned(), "layer", "wide", 512);
    skipsNothing(new ThinnedBlock(), "block", "whole/gate", 32);
  }

  private static void skipsNothing(Slowed net, String what, String layer, int inputs) {
    Shape shape = new Shape(1, inputs);
    try (Model model = Models.initialised(net, shape, 6)) {
      float[] input = Models.gaussian(inputs, 7);
      float[] dense = Dispatch.bypassed(() -> Models.predict(model, input, shape));
      // Before it is packed, it computes what it declares.
      assertThat(difference(Models.predict(model, input, shape), dense))
          .as(what)
          .isGreaterThan(0.1);
      net.slowWherePacked(model);
      LayerSummary slow = Models.layer(Filigree.pack(model, AUTO), layer);
      assertThat(slow.format()).as(what).isEqualTo("dense");
      assertThat(slow.verdicts())
          .as(what)
          .extracting(LayerSummary.Verdict::chosen)
          .containsExactly("dense", "dense");
      // Not to the bit: where arrays lie can change the order of libtorch's sums.
      assertThat(difference(Models.predict(model, input, shape), dense))
          .as(what + Filigree.summary(model))
          .isLessThan(1e-4);
    }
  }

  private static double difference(float[] a, float[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> Math.abs(a[i] - b[i])).max().orElseThrow();
  }
}
