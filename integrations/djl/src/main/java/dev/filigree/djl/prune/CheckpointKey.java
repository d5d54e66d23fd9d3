package dev.filigree.djl.prune;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.zip.CRC32C;

/** What stored statistics depend on. */
final class CheckpointKey {
  private CheckpointKey() {}

  static String of(SampleDigests data, Targets targets, PrunePlan plan) {
    CRC32C crc = new CRC32C();
    ByteBuffer value = ByteBuffer.allocate(1 << 16);
    for (Target t : targets.chosen()) {
      FloatBuffer w = t.dense().duplicate().rewind();
      while (w.hasRemaining()) {
        value.clear();
        while (value.remaining() >= 4 && w.hasRemaining()) {
          value.putFloat(w.get());
        }
        crc.update(value.flip());
      }
    }
    // Inputs of a sequential pass depend on how the layers before were pruned, those of a dense one
    // on nothing of that kind: it can be used again at another sparsity.
    String how =
        plan.calibration() == PrunePlan.Calibration.DENSE
            ? ""
            : plan.layers() + " " + plan.allocation() + " " + plan.hasDsnot();
    return "%s %08x %s %s %s %s"
        .formatted(
            data.digest().sha256(),
            crc.getValue(),
            plan.calibration(),
            plan.wantsReconstructionError(),
            plan.layers().method().needs(),
            how);
  }
}
