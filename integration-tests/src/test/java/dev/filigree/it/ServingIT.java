package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.translate.NoopTranslator;
import dev.filigree.annotations.Granularity;
import dev.filigree.annotations.NMSparse;
import dev.filigree.annotations.Sparse;
import dev.filigree.annotations.Training;
import dev.filigree.djl.Filigree;
import dev.filigree.djl.LayerSummary;
import dev.filigree.djl.PackOptions;
import dev.filigree.djl.serve.Dispatch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a packed model must hold while it serves. */
class ServingIT {
  private static final PackOptions SPARSE =
      PackOptions.defaults().withMode(PackOptions.Mode.ALWAYS_SPARSE);

  /** Two bound linears and a dense head. */
  static final class Net extends Models.Chain {
    @Sparse(sparsity = 0.8)
    private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(96).build());

    @NMSparse(n = 2, m = 4, training = Training.HARD)
    private final Linear next = addChildBlock("next", Linear.builder().setUnits(64).build());

    private final Linear head = addChildBlock("head", Linear.builder().setUnits(10).build());

    @Override
    List<Block> order() {
      return List.of(wide, next, head);
    }
  }

  @Test
  void packedEqualsMaskedDenseForRandomShapes() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 12; round++) {
      int in = 4 * (1 + random.nextInt(60));
      int batch = 1 + random.nextInt(70);
      try (Model model = Models.initialised(new Net(), new Shape(batch, in), random.nextLong())) {
        Filigree.finish(model);
        float[] input = Models.gaussian(batch * in, random.nextLong());
        float[] dense = Models.predict(model, input, new Shape(batch, in));
        Filigree.pack(model, SPARSE);
        BindingIT.close(Models.predict(model, input, new Shape(batch, in)), dense);
        assertThat(Models.layer(Filigree.summary(model), "wide").packedForwards())
            .as("seed %d", seed)
            .isEqualTo(1);
      }
    }
  }

  /** Block patterns, some of which do not divide their layer. */
  static final class Blocks extends Models.Chain {
    @Sparse(
        sparsity = 0.8,
        granularity = Granularity.BLOCK,
        block = {4, 1})
    private final Linear quads = addChildBlock("quads", Linear.builder().setUnits(90).build());

    @Sparse(
        sparsity = 0.5,
        granularity = Granularity.BLOCK,
        block = {16, 1})
    private final Linear tall = addChildBlock("tall", Linear.builder().setUnits(70).build());

    @Sparse(
        sparsity = 0.5,
        granularity = Granularity.BLOCK,
        block = {1, 16})
    private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(40).build());

    @Override
    List<Block> order() {
      return List.of(quads, tall, wide);
    }
  }

  @Test
  void blockPatternsRunOnStrips() {
    for (int batch : new int[] {1, 3, 64}) {
      try (Model model = Models.initialised(new Blocks(), new Shape(batch, 57), 9)) {
        Filigree.finish(model);
        float[] input = Models.gaussian(batch * 57, 10);
        float[] dense = Models.predict(model, input, new Shape(batch, 57));
        Filigree.pack(model, SPARSE);
        assertThat(Filigree.summary(model).layers())
            .extracting(LayerSummary::format)
            .containsExactly("strip4x1", "strip16x1", "strip1x16");
        BindingIT.close(Models.predict(model, input, new Shape(batch, 57)), dense);
      }
    }
  }

  @Test
  void eightThreadsAgreeBitForBitWithOne() throws Exception {
    try (Model model = Models.initialised(new Net(), new Shape(1, 784), 5)) {
      Filigree.pack(model, SPARSE);
      float[] input = Models.gaussian(784, 6);
      float[] alone = Models.predict(model, input, new Shape(1, 784));
      ExecutorService pool = Executors.newFixedThreadPool(8);
      try {
        List<Callable<List<float[]>>> work = new ArrayList<>();
        for (int t = 0; t < 8; t++) {
          work.add(() -> predictMany(model, input, 200));
        }
        for (Future<List<float[]>> f : pool.invokeAll(work)) {
          assertThat(f.get()).allSatisfy(out -> assertThat(out).containsExactly(alone));
        }
      } finally {
        pool.shutdown();
      }
      assertThat(Models.layer(Filigree.summary(model), "next").packedForwards())
          .isEqualTo(1 + 8 * 200);
    }
  }

  private static List<float[]> predictMany(Model model, float[] input, int times) throws Exception {
    List<float[]> out = new ArrayList<>();
    try (Predictor<NDList, NDList> p = model.newPredictor(new NoopTranslator(null));
        NDManager manager = model.getNDManager().newSubManager()) {
      NDList x = new NDList(manager.create(input, new Shape(1, input.length)));
      for (int i = 0; i < times; i++) {
        try (NDList y = p.predict(x)) {
          out.add(y.head().toFloatArray());
        }
      }
    }
    return out;
  }

  @Test
  void neverServesWeightsOtherThanThoseItWasPackedFrom() throws Exception {
    Net block = new Net();
    float[] input = Models.gaussian(32, 8);
    Shape shape = new Shape(1, 32);
    try (Model model = Models.initialised(block, shape, 9)) {
      Filigree.pack(model, SPARSE);
      ByteArrayOutputStream saved = new ByteArrayOutputStream();
      block.saveParameters(new DataOutputStream(saved));
      NDArray weight = block.wide.getParameters().get("weight").getArray();

      // An edit in place is noticed when a predictor is made.
      try (NDArray w = weight.stopGradient()) {
        w.muli(3);
      }
      float[] edited = Models.predict(model, input, shape);
      LayerSummary wide = Models.layer(Filigree.summary(model), "wide");
      assertThat(wide.format()).isEqualTo("dense");
      assertThat(wide.packedForwards()).isZero();

      // So is a load, at the next forward of a predictor that was there before.
      Filigree.pack(model, SPARSE);
      try (Predictor<NDList, NDList> p = model.newPredictor(new NoopTranslator(null));
          NDManager manager = model.getNDManager().newSubManager()) {
        NDList x = new NDList(manager.create(input, shape));
        BindingIT.close(p.predict(x).head().toFloatArray(), edited);
        block.loadParameters(
            model.getNDManager(),
            new DataInputStream(new ByteArrayInputStream(saved.toByteArray())));
        float[] loaded = p.predict(x).head().toFloatArray();
        Filigree.unpack(model);
        BindingIT.close(loaded, p.predict(x).head().toFloatArray());
        assertThat(loaded).isNotEqualTo(edited);
      }
    }
  }

  @Test
  void aStepAndANewArrayEndPackedServing() throws Exception {
    Net block = new Net();
    float[] input = Models.gaussian(32, 8);
    Shape shape = new Shape(1, 32);
    try (Model model = Models.initialised(block, shape, 17)) {
      Filigree.pack(model, SPARSE);
      float[] before = Models.predict(model, input, shape);
      try (Predictor<NDList, NDList> p = model.newPredictor(new NoopTranslator(null));
          NDManager manager = model.getNDManager().newSubManager()) {
        NDList x = new NDList(manager.create(input, shape));
        try (Trainer trainer = TrainingIT.trainer(model, TrainingIT.adamWithDecay())) {
          trainer.initialize(shape);
          TrainingIT.step(trainer, input, shape, Models.gaussian(10, 9), new Shape(1, 10));
        }
        float[] stepped = p.predict(x).head().toFloatArray();
        assertThat(stepped).isNotEqualTo(before);
        assertThat(stepped).containsExactly(dense(block, manager, x));
        assertThat(Models.layer(Filigree.summary(model), "wide").format()).isEqualTo("dense");

        // Packed again, on a thread whose gradient mode is still on.
        Filigree.pack(model, SPARSE);
        ExecutorService other = Executors.newSingleThreadExecutor();
        try {
          float[] there = other.submit(() -> p.predict(x).head().toFloatArray()).get();
          BindingIT.close(there, stepped);
        } finally {
          other.shutdown();
        }
        assertThat(Models.layer(Filigree.summary(model), "next").packedForwards()).isEqualTo(2);

        Parameter weight = block.wide.getParameters().get("weight");
        NDArray replaced = weight.getArray().duplicate().mul(2);
        replaced.attach(model.getNDManager());
        weight.close();
        weight.setShape(null);
        weight.setArray(replaced);
        float[] doubled = forward(block, manager, x);
        assertThat(doubled).isNotEqualTo(stepped);
        BindingIT.close(doubled, dense(block, manager, x));
        Filigree.pack(model, SPARSE);
        weight.close();
        assertThatThrownBy(() -> forward(block, manager, x)).isInstanceOf(Exception.class);
      }
    }
  }

  private static float[] forward(Net block, NDManager manager, NDList x) {
    return block.forward(new ParameterStore(manager, false), x, false).head().toFloatArray();
  }

  /** The dense result, layer by layer past every packed operator. */
  private static float[] dense(Net block, NDManager manager, NDList x) {
    return Dispatch.bypassed(() -> forward(block, manager, x));
  }

  @Test
  void parametersFileIsThatOfPlainDjlByteForByte(@TempDir Path dir) throws Exception {
    Net annotated = new Net();
    Shape shape = new Shape(1, 32);
    try (Model model = Models.initialised(annotated, shape, 10)) {
      Filigree.pack(model, SPARSE);
      model.save(dir, "a");
      PlainNet plain = new PlainNet();
      try (Model other = Model.newInstance("a", "PyTorch")) {
        other.setBlock(plain);
        other.load(dir, "a");
        float[] input = Models.gaussian(32, 12);
        BindingIT.close(Models.predict(other, input, shape), Models.predict(model, input, shape));
        assertThat(bytes(plain)).isEqualTo(bytes(annotated));
      }
    }
  }

  /** The same children without annotations. */
  static final class PlainNet extends Models.Chain {
    private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(96).build());
    private final Linear next = addChildBlock("next", Linear.builder().setUnits(64).build());
    private final Linear head = addChildBlock("head", Linear.builder().setUnits(10).build());

    @Override
    List<Block> order() {
      return List.of(wide, next, head);
    }
  }

  /**
   * The parameters alone; a loaded block knows less of its input shape than one that was
   * initialised.
   */
  private static List<String> bytes(Block block) {
    List<String> out = new ArrayList<>();
    block
        .getParameters()
        .forEach(
            p ->
                out.add(
                    p.getKey()
                        + java.util.Arrays.hashCode(p.getValue().getArray().toFloatArray())));
    return out;
  }

  @Test
  void tenThousandForwardsLeaveMemoryFlat() throws Exception {
    try (Model model = Models.initialised(new Net(), new Shape(1, 256), 13)) {
      Filigree.pack(model, SPARSE);
      float[] input = Models.gaussian(256, 14);
      predictMany(model, input, 500);
      int arrays = model.getNDManager().getManagedArrays().size();
      long before = residentKiB();
      for (int i = 0; i < 10; i++) {
        predictMany(model, input, 1000);
      }
      assertThat(model.getNDManager().getManagedArrays()).hasSize(arrays);
      assertThat(residentKiB() - before)
          .as("growth of resident memory in KiB")
          .isLessThan(64 * 1024);
    }
  }

  private static long residentKiB() throws Exception {
    System.gc();
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D+", ""));
      }
    }
    throw new IllegalStateException("no VmRSS");
  }

  @Test
  void packedFileRoundTripServesWithoutDenseArrays(@TempDir Path dir) {
    Shape shape = new Shape(1, 64);
    float[] input = Models.gaussian(64, 15);
    Path file = dir.resolve("net.safetensors");
    float[] expected;
    try (Model model = Models.initialised(new Net(), shape, 16)) {
      Filigree.pack(model, SPARSE);
      expected = Models.predict(model, input, shape);
      Filigree.save(model, file);
    }
    try (Model model = Model.newInstance("again", "PyTorch")) {
      Net block = new Net();
      model.setBlock(block);
      Filigree.load(model, file);
      assertThat(block.wide.getParameters().get("weight").isInitialized()).isFalse();
      BindingIT.close(Models.predict(model, input, shape), expected);
      assertThat(Models.layer(Filigree.summary(model), "wide").packedForwards()).isEqualTo(1);
      Filigree.strip(model);
      BindingIT.close(Models.predict(model, input, shape), expected);
      assertThat(Models.zeros(block.wide.getParameters().get("weight").getArray().toFloatArray()))
          .isEqualTo(96 * 51);
      assertThat(Filigree.summary(model).bound()).isZero();
    }
  }
}
