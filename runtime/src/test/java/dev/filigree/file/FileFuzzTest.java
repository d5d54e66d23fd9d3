package dev.filigree.file;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.filigree.mask.Mask;
import dev.filigree.pack.Part;
import dev.filigree.plan.FiligreeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Whatever the bytes: read, or refused by the one exception that is meant for it. Runs the kept
 * inputs (src/test/resources, one file each); with {@code JAZZER_FUZZ=1} it looks for new ones.
 */
final class FileFuzzTest {
  private static final Path WHERE = Path.of("fuzz");

  @FuzzTest(maxDuration = "2m")
  void header(byte[] data) {
    try {
      SafetensorsHeader header = SafetensorsHeader.parse(data, 64);
      long covered = 0;
      for (SafetensorsHeader.Slot s : header.slots()) {
        covered += s.bytes();
      }
      if (covered != 64) {
        throw new IllegalStateException(covered + " of 64 bytes are covered");
      }
    } catch (IOException e) {
      requireReason(e);
    }
  }

  @FuzzTest(maxDuration = "2m")
  void descriptor(byte[] data) {
    try {
      Descriptor.Stored stored = Descriptor.parse(text(data));
      Descriptor.Stored again = Descriptor.parse(stored.toJson());
      requireSame(stored, again);
    } catch (IOException e) {
      requireReason(e);
    }
  }

  @FuzzTest(maxDuration = "2m")
  void receipt(byte[] data) {
    Receipt receipt;
    try {
      receipt = Receipt.parse(text(data), WHERE);
    } catch (FiligreeException e) {
      requireReason(e);
      return;
    }
    requireSame(receipt, Receipt.parse(receipt.toJson(), WHERE));
    receipt.broken(receipt.masks());
  }

  /** Parts of one matrix whose lengths and shapes fit or not, under a descriptor that may lie. */
  @FuzzTest(maxDuration = "2m")
  void storedBitmap(FuzzedDataProvider data) {
    DType type =
        data.pickValue(new DType[] {DType.F32, DType.F16, DType.BF16, DType.I8, DType.F64});
    int rows = data.consumeInt(-1, 40);
    int cols = data.consumeInt(-1, 40);
    List<Part> parts = new ArrayList<>();
    parts.add(part(data, "masks", DType.U16, (Math.max(0, rows) + 15) / 16, cols));
    parts.add(part(data, "starts", DType.I32, (Math.max(0, rows) + 15) / 16 + 1));
    ByteBuffer rest = ByteBuffer.wrap(data.consumeRemainingAsBytes());
    parts.add(new Part("values", type.name(), new long[] {rest.limit() * 8L / type.bits()}, rest));
    try {
      Descriptor descriptor =
          new Descriptor("bitmap", rows, cols, type, "2:4", 0.5, "0".repeat(64), Map.of());
      PackedEntry entry = new PackedEntry("w", descriptor, parts);
      StoredBitmap.Reading reading = StoredBitmap.read(entry, WHERE);
      Mask mask = reading.mask();
      if (reading.keptZeros() > mask.keptCount()) {
        throw new IllegalStateException("more kept zeros than kept weights");
      }
    } catch (FiligreeException | IllegalArgumentException e) {
      requireReason(e);
    }
  }

  /** A whole file: opened, its masks checked, looked at. */
  @FuzzTest(maxDuration = "2m")
  void packedFile(byte[] data) throws IOException {
    Path file = Files.createTempFile("filigree-fuzz", ".safetensors");
    try {
      Files.write(file, data);
      Verifier.check(file);
      Inspection.of(file, Progress.SILENT);
      MaskCheck.of(PackedFile.open(file));
    } catch (FiligreeException e) {
      requireReason(e);
    } finally {
      Files.delete(file);
    }
  }

  private static Part part(FuzzedDataProvider data, String suffix, DType type, long... shape) {
    int bytes = type.bits() / 8;
    long count = 1;
    for (long d : shape) {
      count *= Math.max(0, d);
    }
    // Now and then another length than the shape asks for.
    int wanted = (int) count * bytes + (data.consumeProbabilityFloat() < 0.05f ? bytes : 0);
    byte[] content = new byte[wanted];
    byte[] given = data.consumeBytes(wanted);
    System.arraycopy(given, 0, content, 0, given.length);
    return new Part(
        suffix, type.name(), shape, ByteBuffer.wrap(content).order(ByteOrder.nativeOrder()));
  }

  private static String text(byte[] data) {
    return new String(data, StandardCharsets.UTF_8);
  }

  private static void requireReason(Exception e) {
    if (e.getMessage() == null || e.getMessage().isBlank()) {
      throw new IllegalStateException("refused without a reason", e);
    }
  }

  private static void requireSame(Object a, Object b) {
    if (!a.equals(b)) {
      throw new IllegalStateException(a + " was written and read as " + b);
    }
  }
}
