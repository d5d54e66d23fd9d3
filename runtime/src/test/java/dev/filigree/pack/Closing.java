package dev.filigree.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.filigree.file.DType;
import dev.filigree.file.Descriptor;
import dev.filigree.file.PackedEntry;
import dev.filigree.file.PackedFile;
import dev.filigree.kernel.Execution;
import dev.filigree.kernel.KernelSelection;
import dev.filigree.kernel.OwnedMemory;
import dev.filigree.kernel.Workers;
import dev.filigree.pack.Samples.Pattern;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** When the memory of packed matrices is freed, and what happens to those who still use it. */
abstract class Closing {
  private static final int ROWS = 512;
  private static final int COLS = 1024;
  private static final long DENSE = 4L * ROWS * COLS;

  private static final ByteBuffer WEIGHTS = Samples.direct(weights(ROWS, COLS));

  static List<String> formats() {
    return PackedMatrices.formats();
  }

  @ParameterizedTest
  @MethodSource("formats")
  void aClosedMatrixRefusesEverythingButItsShape(String format) {
    PackedMatrix matrix = packed(format, 20, 40);
    ByteBuffer x = Samples.direct(new float[40]);
    ByteBuffer y = Samples.direct(new float[20]);
    matrix.multiply(x, 1, null, y);
    assertThat(matrix.isClosed()).isFalse();
    matrix.close();
    matrix.close();
    assertThat(matrix.isClosed()).isTrue();
    refuses(Message.FIL_0330, () -> matrix.multiply(x, 1, null, y));
    refuses(Message.FIL_0330, () -> matrix.unpack(Samples.direct(new float[800])));
    refuses(Message.FIL_0330, matrix::parts);
    refuses(Message.FIL_0330, matrix::bytes);
    refuses(Message.FIL_0330, () -> matrix.multiplyActive(x, new int[] {0}, 1, null, y));
    if (matrix instanceof ColumnsMatrix columns) {
      refuses(Message.FIL_0330, columns::columnNorms);
    }
    if (matrix instanceof DenseMatrix dense) {
      refuses(Message.FIL_0330, () -> dense.multiplyRows(x, new int[] {0}, 1, null, y));
    }
    assertThat(matrix.rows()).isEqualTo(20);
    assertThat(matrix).hasToString(format + " [20, 40], " + matrix.nonZeros() + " kept");
  }

  /** In a JVM of its own, where nothing that earlier tests forgot is freed meanwhile. */
  @Test
  void closingFreesTheMemory() throws Exception {
    assertThat(OwnJvm.run(List.of(), ClosingMain.class)).contains(formats());
  }

  /** What {@link #closingFreesTheMemory} is about, for one format. */
  static void closeAndLook(String format) {
    packed(format, ROWS, COLS).close();
    long before = settledDirectBytes();
    PackedMatrix matrix = packed(format, ROWS, COLS);
    long bytes = matrix.bytes();
    assertThat(directBytes()).isGreaterThanOrEqualTo(before + bytes);
    matrix.close();
    assertThat(
            OwnedMemory.isFreedAtOnce()
                ? directBytes() <= before + DENSE / 100
                : soon(() -> directBytes() <= before + DENSE / 100))
        .isTrue();
    assertThat(matrix.isClosed()).isTrue();
  }

  @Test
  void aForgottenMatrixIsFreed() {
    long before = settledDirectBytes();
    List<PackedMatrix> matrices = new ArrayList<>();
    formats().forEach(f -> matrices.add(packed(f, ROWS, COLS)));
    assertThat(directBytes()).isGreaterThan(before + DENSE);
    matrices.clear();
    assertThat(soon(() -> directBytes() <= before + DENSE / 100)).isTrue();
  }

  @ParameterizedTest
  @MethodSource("formats")
  void viewsOfPartsOutliveAForgottenMatrix(String format) {
    List<ByteBuffer> views = new ArrayList<>();
    List<ByteBuffer> copies = new ArrayList<>();
    for (Part part : packed(format, ROWS, COLS).parts()) {
      views.add(part.data().slice());
      ByteBuffer copy = ByteBuffer.allocate(part.data().limit());
      copies.add(copy.put(0, part.data(), 0, copy.limit()));
    }
    for (int i = 0; i < 5; i++) {
      System.gc();
      // What was freed by mistake would be given away again.
      packed(format, ROWS, COLS).close();
      assertThat(views).isEqualTo(copies);
    }
  }

  /** On older JDKs the views keep the memory. */
  @Test
  void viewsOfPartsFailAfterCloseAndNeverCrash(@TempDir Path folder) {
    PackedMatrix matrix = packed("bitmap", ROWS, COLS);
    List<Part> parts = matrix.parts();
    Map<String, Part> byName = new LinkedHashMap<>();
    parts.forEach(p -> byName.put(p.suffix(), p));
    PackedMatrix onTheSame = PackedMatrices.fromParts("bitmap", ROWS, COLS, byName);
    Descriptor descriptor =
        new Descriptor(
            "bitmap", ROWS, COLS, DType.F32, "unstructured", 0.5, "0".repeat(64), Map.of());
    PackedEntry entry = new PackedEntry("w", descriptor, parts);
    ByteBuffer x = Samples.direct(new float[COLS]);
    ByteBuffer y = Samples.direct(new float[ROWS]);
    matrix.close();
    if (OwnedMemory.isFreedAtOnce()) {
      assertThatExceptionOfType(IllegalStateException.class)
          .isThrownBy(() -> parts.get(0).data().get(0));
      refuses(Message.FIL_0331, () -> onTheSame.multiply(x, 1, null, y));
      refuses(Message.FIL_0331, () -> onTheSame.unpack(Samples.direct(new float[ROWS * COLS])));
      refuses(
          Message.FIL_0331, () -> PackedMatrices.fromParts("bitmap", ROWS, COLS, byName).bytes());
      Path file = folder.resolve("model.safetensors");
      refuses(Message.FIL_0331, () -> PackedFile.write(file, List.of(entry), Map.of()));
      assertThat(folder).isEmptyDirectory();
    } else {
      onTheSame.multiply(x, 1, null, y);
      assertThat(parts.get(0).data().get(0)).isEqualTo(parts.get(0).data().get(0));
    }
  }

  @Test
  void aMatrixOnForeignMemoryOnlyLetsGoOfIt() {
    Map<String, Part> parts = new LinkedHashMap<>();
    PackedMatrix source = packed("csr", ROWS, COLS);
    source.parts().forEach(p -> parts.put(p.suffix(), p));
    PackedMatrix matrix = PackedMatrices.fromParts("csr", ROWS, COLS, parts);
    matrix.close();
    refuses(Message.FIL_0330, matrix::parts);
    ByteBuffer dense = Samples.direct(new float[ROWS * COLS]);
    source.unpack(dense);
    assertThat(Samples.array(dense)).isEqualTo(weights(ROWS, COLS));
  }

  /** A product that has begun is right; one that begins later is refused; nothing crashes. */
  @ParameterizedTest
  @MethodSource("formats")
  void closingWhileManyThreadsMultiply(String format) throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    ByteBuffer x = Samples.direct(Samples.gaussian(random, COLS));
    AtomicReference<PackedMatrix> shared = new AtomicReference<>(packed(format, ROWS, COLS));
    ExecutorService threads = Executors.newFixedThreadPool(6);
    try (Workers workers = new Workers(2)) {
      Execution on = new Execution(KernelSelection.current(), workers);
      float[] right = multiply(shared.get(), on, x);
      long end = System.nanoTime() + 400_000_000;
      List<Future<Integer>> users = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        users.add(threads.submit(() -> use(shared, on, x, right, end)));
      }
      int closed = 0;
      while (System.nanoTime() < end) {
        PackedMatrix next = packed(format, ROWS, COLS);
        shared.getAndSet(next).close();
        closed++;
      }
      int products = 0;
      for (Future<Integer> user : users) {
        products += user.get();
      }
      assertThat(closed).as("seed " + seed).isPositive();
      assertThat(products).as("seed " + seed).isPositive();
    } finally {
      threads.shutdownNow();
    }
  }

  private static int use(
      AtomicReference<PackedMatrix> shared, Execution on, ByteBuffer x, float[] right, long end) {
    int products = 0;
    PackedMatrix matrix = shared.get();
    while (System.nanoTime() < end) {
      try {
        // Compiled code may add up the lanes of a vector in another order than the interpreter.
        assertThat(largestDifference(multiply(matrix, on, x), right)).isLessThan(1e-3f);
        products++;
      } catch (FiligreeException e) {
        assertThat(e.id()).isEqualTo(Message.FIL_0330);
        assertThat(matrix.isClosed()).isTrue();
        matrix = shared.get();
      }
    }
    return products;
  }

  private static float largestDifference(float[] a, float[] b) {
    float largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }

  private static float[] multiply(PackedMatrix matrix, Execution on, ByteBuffer x) {
    ByteBuffer y = Samples.direct(new float[ROWS]);
    ((StoredMatrix<?>) matrix).multiply(on, x, 1, null, y);
    return Samples.array(y);
  }

  private static PackedMatrix packed(String format, int rows, int cols) {
    ByteBuffer dense = rows == ROWS ? WEIGHTS : Samples.direct(weights(rows, cols));
    return PackedMatrices.of(format, dense, rows, cols);
  }

  private static float[] weights(int rows, int cols) {
    return Samples.weights(new Random(1), Pattern.UNIFORM, rows, cols, 0.5);
  }

  private static void refuses(Message id, ThrowingCallable call) {
    assertThatExceptionOfType(FiligreeException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.id()).isEqualTo(id));
  }

  /** What direct buffers and owned memory hold now. */
  private static long directBytes() {
    return OwnedMemory.held()
        + ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(b -> b.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
  }

  /** The same after garbage collections until it no longer changes. */
  private static long settledDirectBytes() {
    long[] last = {directBytes(), 0};
    soon(
        () -> {
          long now = directBytes();
          last[1] = now == last[0] ? last[1] + 1 : 0;
          last[0] = now;
          return last[1] > 30;
        });
    return last[0];
  }

  /** Whether it becomes true within some garbage collections. */
  private static boolean soon(BooleanSupplier condition) {
    long end = System.nanoTime() + 20_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        return false;
      }
      System.gc();
    }
    return true;
  }
}
