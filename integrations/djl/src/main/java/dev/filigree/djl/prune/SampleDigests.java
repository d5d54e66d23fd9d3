package dev.filigree.djl.prune;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.filigree.file.DataDigest;
import dev.filigree.file.WindowDigests;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * Digests of samples, however they are cut into batches: to say which data a step saw, to notice
 * data that differ between passes, and samples that two roles have in common.
 */
final class SampleDigests {
  private final DataDigest.Role role;
  private final List<String> batches = new ArrayList<>();
  private final List<String> samples = new ArrayList<>();
  // Of samples that are sequences of token ids.
  private final List<int[]> tokens = new ArrayList<>();

  private SampleDigests(DataDigest.Role role) {
    this.role = role;
  }

  /** One pass over the data. */
  static SampleDigests of(DataDigest.Role role, Samples data, NDManager manager) {
    SampleDigests all = new SampleDigests(role);
    data.forEach(
        manager,
        (i, batch, labels) -> {
          List<String> own = ofBatch(batch);
          all.samples.addAll(own);
          all.batches.add(String.join("", own));
          all.addTokens(batch);
        });
    if (all.samples.isEmpty()) {
      throw new FiligreeException(Message.FIL_0214);
    }
    return all;
  }

  int batches() {
    return batches.size();
  }

  int samples() {
    return samples.size();
  }

  /** The digest over the digests of all samples in their order. */
  DataDigest digest() {
    byte[] all = String.join("", samples).getBytes(StandardCharsets.US_ASCII);
    return DataDigest.of(role, samples.size() + " samples", List.of(ByteBuffer.wrap(all)));
  }

  /**
   * Checks that a batch of a later pass is the one of the first.
   *
   * @throws FiligreeException FIL-0224
   */
  void check(int index, NDList batch) {
    if (index >= batches.size() || !batches.get(index).equals(String.join("", ofBatch(batch)))) {
      throw new FiligreeException(Message.FIL_0224, roleName(), index);
    }
  }

  String roleName() {
    return role.name().toLowerCase(java.util.Locale.ROOT);
  }

  /** How many samples of this are in the other as well. */
  long commonWith(SampleDigests other) {
    Set<String> known = new HashSet<>(other.samples);
    return samples.stream().filter(known::contains).count();
  }

  /**
   * How much of this the other has as well, 0 to 1: of token ids the share of windows of 13, of
   * other samples their share.
   */
  double shareIn(SampleDigests other) {
    return tokens.isEmpty() || other.tokens.isEmpty()
        ? commonWith(other) / (double) samples()
        : WindowDigests.of(other.tokens).shareOf(tokens);
  }

  private void addTokens(NDList batch) {
    if (batch.isEmpty()
        || !batch.head().getDataType().isInteger()
        || batch.head().getShape().dimension() != 2
        || batch.head().getShape().get(1) < WindowDigests.WINDOW) {
      return;
    }
    int width = Math.toIntExact(batch.head().getShape().get(1));
    try (NDArray ids = batch.head().toType(DataType.INT32, /* copy= */ true)) {
      int[] all = ids.toIntArray();
      for (int i = 0; i < all.length; i += width) {
        tokens.add(Arrays.copyOfRange(all, i, i + width));
      }
    }
  }

  private static List<String> ofBatch(NDList batch) {
    long rows = batch.isEmpty() || batch.head().isScalar() ? 1 : batch.head().getShape().get(0);
    boolean even =
        batch.stream().allMatch(a -> !a.isScalar() && a.getShape().get(0) == rows) && rows > 0;
    int count = even ? Math.toIntExact(rows) : 1;
    List<MessageDigest> digests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      digests.add(sha256());
    }
    for (NDArray array : batch) {
      String kind =
          array.getDataType() + " " + (even ? array.getShape().slice(1) : array.getShape());
      ByteBuffer bytes = array.toByteBuffer().rewind();
      int each = bytes.remaining() / count;
      for (int i = 0; i < count; i++) {
        digests.get(i).update(kind.getBytes(StandardCharsets.UTF_8));
        digests.get(i).update(bytes.slice(i * each, each));
      }
    }
    return digests.stream().map(d -> HexFormat.of().formatHex(d.digest())).toList();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
