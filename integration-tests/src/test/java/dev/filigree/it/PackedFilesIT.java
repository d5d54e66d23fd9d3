package dev.filigree.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import dev.filigree.annotations.Sparse;
import dev.filigree.djl.Filigree;
import dev.filigree.plan.FiligreeException;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that do not fit, cannot be written or are damaged; and DJL's own files. */
class PackedFilesIT {
  private static final Shape SHAPE = new Shape(1, 32);

  /** The names of {@link ServingIT.Net} with other sizes. */
  static final class OtherSizes extends Models.Chain {
    @Sparse(sparsity = 0.8)
    private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(80).build());

    private final Linear next = addChildBlock("next", Linear.builder().setUnits(64).build());
    private final Linear head = addChildBlock("head", Linear.builder().setUnits(10).build());

    @Override
    List<Block> order() {
      return List.of(wide, next, head);
    }
  }

  /** Other names. */
  static final class OtherNames extends Models.Chain {
    private final Linear wide = addChildBlock("broad", Linear.builder().setUnits(96).build());
    private final Linear next = addChildBlock("next", Linear.builder().setUnits(64).build());
    private final Linear head = addChildBlock("head", Linear.builder().setUnits(10).build());

    @Override
    List<Block> order() {
      return List.of(wide, next, head);
    }
  }

  private static byte[] parameters(Block block) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    block.saveParameters(new DataOutputStream(out));
    return out.toByteArray();
  }

  private static Path saved(Path dir) {
    Path file = dir.resolve("net.safetensors");
    try (Model model = Models.initialised(new ServingIT.Net(), SHAPE, 51)) {
      Filigree.save(model, file);
    }
    return file;
  }

  @Test
  void aFileOfAnotherModelIsRefusedAndNothingChanges(@TempDir Path dir) throws Exception {
    Path file = saved(dir);
    for (Block block : List.of(new OtherSizes(), new OtherNames())) {
      try (Model model = Models.initialised(block, SHAPE, 52)) {
        byte[] before = parameters(block);
        assertThatThrownBy(() -> Filigree.load(model, file))
            .isInstanceOf(FiligreeException.class)
            .hasMessageContaining("FIL-0406");
        assertThat(parameters(block)).isEqualTo(before);
      }
    }
    try (Model model = Model.newInstance("empty", "PyTorch")) {
      OtherSizes block = new OtherSizes();
      model.setBlock(block);
      assertThatThrownBy(() -> Filigree.load(model, file))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0406");
      assertThat(block.getParameters().values()).noneMatch(p -> p.isInitialized());
    }
  }

  @Test
  void aModelOfAnotherTypeIsRefusedAndNothingIsWritten(@TempDir Path dir) {
    Path file = dir.resolve("double.safetensors");
    try (Model model = Model.newInstance("double", "PyTorch")) {
      OtherNames block = new OtherNames();
      block.initialize(model.getNDManager(), DataType.FLOAT64, SHAPE);
      model.setBlock(block);
      assertThatThrownBy(() -> Filigree.save(model, file))
          .isInstanceOf(FiligreeException.class)
          .hasMessageContaining("FIL-0314")
          .hasMessageContaining("is of type float64; packed files hold FLOAT32 parameters only");
    }
    assertThat(file).doesNotExist();
  }

  @Test
  void aDamagedFileIsRefusedAndNothingChanges(@TempDir Path dir) throws Exception {
    byte[] whole = Files.readAllBytes(saved(dir));
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    ServingIT.Net block = new ServingIT.Net();
    Path file = dir.resolve("damaged.safetensors");
    try (Model model = Models.initialised(block, SHAPE, 53)) {
      byte[] before = parameters(block);
      for (int round = 0; round < 60; round++) {
        byte[] damaged = whole.clone();
        if (round % 4 == 0) {
          damaged = java.util.Arrays.copyOf(damaged, random.nextInt(damaged.length));
        } else {
          damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
        }
        Files.write(file, damaged);
        assertThatThrownBy(() -> Filigree.load(model, file))
            .as("seed %d round %d", seed, round)
            .isInstanceOf(FiligreeException.class);
        assertThat(parameters(block)).isEqualTo(before);
      }
    }
  }

  @Test
  void anUnwritableTargetSaysSo(@TempDir Path dir) throws Exception {
    Path folder = Files.createDirectory(dir.resolve("net.safetensors"));
    try (Model model = Models.initialised(new ServingIT.Net(), SHAPE, 54)) {
      for (Path target : List.of(folder, dir.resolve("absent").resolve("net.safetensors"))) {
        assertThatThrownBy(() -> Filigree.save(model, target))
            .isInstanceOf(FiligreeException.class)
            .hasMessageContaining("FIL-0403");
      }
    }
    try (var files = Files.list(dir)) {
      assertThat(files).containsExactly(folder);
    }
  }

  @Test
  void plainDjlFilesAreTheSameByteForByteInBothDirections(@TempDir Path dir) throws Exception {
    Path one = Files.createDirectory(dir.resolve("one"));
    Path two = Files.createDirectory(dir.resolve("two"));
    Path three = Files.createDirectory(dir.resolve("three"));
    try (Model model = Models.initialised(new ServingIT.Net(), SHAPE, 55)) {
      Filigree.finish(model);
      model.save(one, "net");
    }
    resaved(new ServingIT.PlainNet(), one, two);
    resaved(new ServingIT.Net(), two, three);
    byte[] first = Files.readAllBytes(one.resolve("net-0000.params"));
    assertThat(Files.readAllBytes(two.resolve("net-0000.params"))).isEqualTo(first);
    assertThat(Files.readAllBytes(three.resolve("net-0000.params"))).isEqualTo(first);
    try (var files = Files.list(three)) {
      assertThat(files.map(f -> f.getFileName().toString())).containsExactly("net-0000.params");
    }
  }

  /** DJL refuses to save a loaded model before initialize is called. */
  private static void resaved(Block block, Path from, Path to) throws Exception {
    try (Model model = Model.newInstance("net", "PyTorch")) {
      model.setBlock(block);
      model.load(from, "net");
      assertThatThrownBy(() -> model.save(to, "net")).isInstanceOf(Exception.class);
      try (var files = Files.list(to)) {
        for (Path f : files.toList()) {
          Files.delete(f);
        }
      }
      block.initialize(model.getNDManager(), ai.djl.ndarray.types.DataType.FLOAT32, SHAPE);
      Models.predict(model, Models.gaussian(32, 1), SHAPE);
      model.save(to, "net");
    }
  }

  @Test
  void aPackedModelTrainsOnAfterStrip(@TempDir Path dir) {
    Path file = saved(dir);
    try (Model model = Model.newInstance("again", "PyTorch")) {
      ServingIT.Net block = new ServingIT.Net();
      model.setBlock(block);
      Filigree.load(model, file);
      Filigree.save(model, dir.resolve("again.safetensors"));
      assertThat(dir.resolve("again.safetensors")).exists();
      Filigree.strip(model);
      assertThat(block.getParameters().values()).allMatch(p -> p.isInitialized());
      assertThat(new NDList(block.getParameters().valueAt(0).getArray()).head().getShape())
          .isEqualTo(new Shape(96, 32));
    }
  }
}
