package dev.filigree.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.annotations.Criterion;
import dev.filigree.criterion.Criteria;
import dev.filigree.mask.Mask;
import dev.filigree.mask.MaskSelection;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.pack.Part;
import dev.filigree.plan.WeightPlan;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From weights to a packed file and back, on every JDK and from the packaged jar. */
class PackedModelIT {
  private static final int ROWS = 96;
  private static final int COLS = 84;

  @TempDir Path folder;

  private static ByteBuffer unpack(PackedEntry entry) {
    Descriptor d = entry.descriptor();
    Map<String, Part> parts =
        entry.parts().stream().collect(Collectors.toMap(Part::suffix, Function.identity()));
    ByteBuffer dense =
        ByteBuffer.allocateDirect(4 * d.rows() * d.cols()).order(ByteOrder.nativeOrder());
    PackedMatrices.fromParts(d.format(), d.rows(), d.cols(), parts).unpack(dense);
    return dense;
  }

  @Test
  void everyFormatComesBackBitForBit() {
    Random random = new Random(11);
    List<Entry> entries = new ArrayList<>();
    List<ByteBuffer> pruned = new ArrayList<>();
    for (String format : PackedMatrices.formats()) {
      ByteBuffer w = ByteBuffer.allocateDirect(4 * ROWS * COLS).order(ByteOrder.nativeOrder());
      for (int i = 0; i < ROWS * COLS; i++) {
        w.putFloat(4 * i, (float) random.nextGaussian());
      }
      double[] scores =
          Criteria.scores(Criterion.MAGNITUDE, w.asFloatBuffer(), ROWS, COLS, 0, format);
      Mask mask = MaskSelection.select(WeightPlan.nm(1, 4), 0.75, scores, ROWS, COLS);
      mask.apply(w.asFloatBuffer());
      PackedMatrix matrix = PackedMatrices.of(format, w, ROWS, COLS);
      Descriptor descriptor =
          new Descriptor(
              matrix.format(), ROWS, COLS, DType.F32, "1:4", 0.75, mask.sha256(), Map.of());
      entries.add(new PackedEntry(format, descriptor, matrix.parts()));
      pruned.add(w);
    }
    Path path = folder.resolve("model.safetensors");
    PackedFile.write(path, entries, Map.of());

    PackedFile file = PackedFile.open(path);
    Verification verification =
        file.verify(e -> Mask.ofNonZeros(unpack(e).asFloatBuffer(), ROWS, COLS));
    assertThat(verification.broken()).isEmpty();
    for (int i = 0; i < pruned.size(); i++) {
      PackedEntry entry = (PackedEntry) file.entries().get(i);
      assertThat(unpack(entry)).as(entry.name()).isEqualTo(pruned.get(i));
    }
  }
}
