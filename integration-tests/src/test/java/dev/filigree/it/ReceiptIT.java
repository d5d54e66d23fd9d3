package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.training.dataset.ArrayDataset;
import dev.filigree.annotations.Sparse;
import dev.filigree.criterion.OneShotMethod;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.prune.PrunePlan;
import dev.filigree.djl.prune.PruneReport;
import dev.filigree.djl.prune.Samples;
import dev.filigree.djl.train.Weights;
import dev.filigree.file.DataDigest;
import dev.filigree.file.Packing;
import dev.filigree.file.Progress;
import dev.filigree.file.Receipt;
import dev.filigree.file.ReceiptStep;
import dev.filigree.file.SafetensorsFile;
import dev.filigree.file.SafetensorsWriter;
import dev.filigree.file.Tensor;
import dev.filigree.file.Verifier;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a saved model proves of how it came to its zeros. */
class ReceiptIT {
  private static final int IN = 32;
  private static final Shape SHAPE = new Shape(1, IN);

  static final class Net extends Models.Chain {
    final Linear wide = addChildBlock("wide", Linear.builder().setUnits(64).build());
    final Linear next = addChildBlock("next", Linear.builder().setUnits(48).build());
    final Linear head = addChildBlock("head", Linear.builder().setUnits(4).build());

    @Override
    List<Block> order() {
      return List.of(wide, next, head);
    }
  }

  static final class Declared extends Models.Chain {
    @Sparse(sparsity = 0.75)
    final Linear wide = addChildBlock("wide", Linear.builder().setUnits(64).build());

    final Linear next = addChildBlock("next", Linear.builder().setUnits(48).build());

    @Override
    List<Block> order() {
      return List.of(wide, next);
    }
  }

  static final class Images extends Models.Chain {
    final Conv2d first =
        addChildBlock(
            "first", Conv2d.builder().setKernelShape(new Shape(3, 3)).setFilters(8).build());
    final Block flat = addChildBlock("flat", Blocks.batchFlattenBlock());
    final Block relu = addChildBlock("relu", new LambdaBlock(Activation::relu, "relu"));
    final Linear head = addChildBlock("head", Linear.builder().setUnits(4).build());

    @Override
    List<Block> order() {
      return List.of(first, flat, relu, head);
    }
  }

  private static ArrayDataset data(NDManager manager, int rows, long seed) {
    return new ArrayDataset.Builder()
        .setData(manager.create(Models.gaussian(rows * IN, seed), new Shape(rows, IN)))
        .setSampling(8, false)
        .build();
  }

  private static Receipt verified(Path file) {
    Verifier.Checked checked = Verifier.check(file);
    assertThat(checked.verification().broken()).isEmpty();
    assertThat(checked.whole()).isTrue();
    return checked.receipt();
  }

  private static List<String> names(Receipt receipt) {
    return receipt.steps().stream().map(ReceiptStep::name).toList();
  }

  @Test
  void theReceiptOfPruneGoesThroughPackSaveAndLoad(@TempDir Path dir) {
    Path file = dir.resolve("net.safetensors");
    PruneReport report;
    try (Model model = Models.initialised(new Net(), SHAPE, 5)) {
      report =
          Filigree.prune(
              model,
              data(model.getNDManager(), 40, 9),
              PrunePlan.nm(OneShotMethod.WANDA, 2, 4)
                  .include("wide", "next")
                  .evaluation(Samples.of(data(model.getNDManager(), 24, 10))));
      Filigree.pack(model, PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE));
      Filigree.save(model, file);
    }
    Receipt receipt = verified(file);
    assertThat(names(receipt)).containsExactly("prune", "save");
    ReceiptStep prune = receipt.steps().get(0);
    assertThat(prune).isEqualTo(report.receiptStep());
    assertThat(prune.plan()).containsEntry("method", "wanda").containsEntry("pattern", "2:4");
    assertThat(prune.seed()).isPresent();
    assertThat(prune.data())
        .extracting(DataDigest::role)
        .containsExactly(DataDigest.Role.CALIBRATION, DataDigest.Role.EVALUATION);
    assertThat(prune.evaluations()).singleElement().matches(e -> e.after().isPresent());
    assertThat(prune.overlap()).hasValue(0);
    assertThat(prune.masks()).hasSize(2).isEqualTo(receipt.steps().get(1).masks());

    Path again = dir.resolve("again.safetensors");
    try (Model model = Model.newInstance("again", "PyTorch")) {
      model.setBlock(new Net());
      Filigree.load(model, file);
      Filigree.save(model, again);
    }
    assertThat(names(verified(again))).containsExactly("prune", "save", "save");
    assertThat(verified(again).steps().get(0)).isEqualTo(prune);
  }

  @Test
  void whatBreaksAZeroAfterwardsIsNamed(@TempDir Path dir) {
    Path file = dir.resolve("net.safetensors");
    try (Model model = Models.initialised(new Net(), SHAPE, 5)) {
      Filigree.prune(
          model,
          data(model.getNDManager(), 40, 9),
          PrunePlan.of(OneShotMethod.MAGNITUDE, 0.5).include("wide"));
      Filigree.save(model, file);
    }
    String wide = verified(file).masks().keySet().iterator().next();
    Path dense = dir.resolve("dense.safetensors");
    Packing.unpack(file, dense, Progress.SILENT);
    SafetensorsFile read = SafetensorsFile.open(dense);
    List<Tensor> tensors = new ArrayList<>();
    for (Tensor t : read.tensors()) {
      ByteBuffer copy = ByteBuffer.allocate((int) t.bytes()).order(ByteOrder.LITTLE_ENDIAN);
      copy.put(t.data()).flip();
      for (int i = 0; t.name().equals(wide); i += 4) {
        if (copy.getFloat(i) == 0) {
          copy.putFloat(i, 1);
          break;
        }
      }
      tensors.add(Tensor.of(t.name(), t.dtype(), t.shape(), copy));
    }
    Path broken = dir.resolve("broken.safetensors");
    SafetensorsWriter.write(broken, tensors, read.metadata());
    assertThat(Verifier.check(dense).verification().ok()).isTrue();
    assertThat(Verifier.check(broken).verification().broken())
        .singleElement()
        .asString()
        .contains("tensor " + wide)
        .contains("something after that step changed them");

    // Loaded into a model that knows nothing of the pattern, changed by hand, saved again.
    try (Model model = Model.newInstance("edited", "PyTorch")) {
      Net net = new Net();
      net.initialize(model.getNDManager(), DataType.FLOAT32, SHAPE);
      model.setBlock(net);
      Filigree.load(model, file);
      // Another method sees dense weights, and so makes them.
      Filigree.prune(
          model,
          data(model.getNDManager(), 40, 9),
          PrunePlan.of(OneShotMethod.MAGNITUDE, 0.5).include("next"));
      float[] w = net.wide.getParameters().get("weight").getArray().toFloatArray();
      java.util.Arrays.fill(w, 1);
      Weights.write(net.wide.getParameters().get("weight").getArray(), FloatBuffer.wrap(w));
      Filigree.save(model, broken);
    }
    Verifier.Checked checked = Verifier.check(broken);
    assertThat(checked.verification().broken())
        .singleElement()
        .asString()
        .isEqualTo(
            "step save: it changed the zeros of "
                + wide
                + ", which step prune (magnitude unstructured 0.5) chose");
  }

  @Test
  void keptZerosAndLayersThatStayDenseVerifyAndComeBack(@TempDir Path dir) {
    Path file = dir.resolve("net.safetensors");
    Path again = dir.resolve("again.safetensors");
    Map<String, String> masks;
    try (Model model = Models.initialised(new Net(), SHAPE, 6)) {
      // The second mask keeps what the first removed.
      for (double sparsity : new double[] {0.9, 0.5}) {
        Filigree.prune(
            model,
            data(model.getNDManager(), 40, 9),
            PrunePlan.of(OneShotMethod.MAGNITUDE, sparsity).include("wide"));
      }
      // Too few zeros to become smaller by packing.
      for (double sparsity : new double[] {0.03, 0.01}) {
        Filigree.prune(
            model,
            data(model.getNDManager(), 40, 9),
            PrunePlan.of(OneShotMethod.MAGNITUDE, sparsity).include("next"));
      }
      Filigree.save(model, file);
      masks = verified(file).masks();
      assertThat(names(verified(file))).containsExactly("prune", "prune", "prune", "prune", "save");
    }
    assertThat(SafetensorsFile.open(file).tensors())
        .anyMatch(t -> t.name().startsWith("filigree.mask."));
    try (Model model = Model.newInstance("again", "PyTorch")) {
      model.setBlock(new Net());
      Filigree.load(model, file);
      Filigree.save(model, again);
    }
    assertThat(verified(again).masks()).isEqualTo(masks);
  }

  @Test
  void declaredMasksAndConvolutionsAreInTheReceipt(@TempDir Path dir) {
    Path file = dir.resolve("net.safetensors");
    try (Model model = Models.initialised(new Declared(), SHAPE, 7)) {
      Filigree.save(model, file);
    }
    assertThat(names(verified(file))).containsExactly("finish", "save");
    assertThat(verified(file).steps().get(0).plan().values()).containsExactly("unstructured 0.75");

    Shape images = new Shape(1, 4, 8, 8);
    Images block = new Images();
    try (Model model = Models.initialised(block, images, 8)) {
      Filigree.prune(
          model,
          new ArrayDataset.Builder()
              .setData(
                  model.getNDManager().create(Models.gaussian(8 * 256, 1), new Shape(8, 4, 8, 8)))
              .setSampling(4, false)
              .build(),
          PrunePlan.nm(OneShotMethod.MAGNITUDE, 1, 4).include("first"));
      Filigree.save(model, file);
    }
    assertThat(names(verified(file))).containsExactly("prune", "save");
    assertThat(verified(file).masks()).hasSize(1);
  }
}
