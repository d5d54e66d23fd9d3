package dev.filigree.file;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where every tensor of a new file lies. The format forbids holes, so alignment comes from the
 * order: first what fills whole lines of 64 bytes, then what must be aligned but does not, each
 * filled up by a padding tensor, then the rest from wide to narrow elements.
 *
 * @param header all tensors with padding, in header order: as given, padding last
 * @param inFileOrder the same in the order of their bytes
 * @param begins first byte of each, by name, counted from the first byte of the data
 * @param padding names of the padding tensors
 */
record Layout(
    List<Tensor> header, List<Tensor> inFileOrder, Map<String, Long> begins, List<String> padding) {
  static final int ALIGNMENT = 64;
  private static final String PADDING = "filigree.padding.";

  /**
   * @param aligned names of the tensors that must start on 64 bytes
   * @throws FiligreeException FIL-0405 for a name that is reserved or used twice, or a size that
   *     does not follow from shape and type
   */
  static Layout of(List<Tensor> tensors, Collection<String> aligned) {
    Set<String> names = checkedNames(tensors);
    Set<String> mustAlign = new HashSet<>(aligned);
    List<Tensor> odd = new ArrayList<>();
    List<Tensor> rest = new ArrayList<>();
    Placing placing = new Placing(names);
    for (Tensor t : tensors) {
      if (t.bytes() % ALIGNMENT == 0) {
        placing.add(t);
      } else {
        (mustAlign.contains(t.name()) ? odd : rest).add(t);
      }
    }
    for (Tensor t : odd) {
      placing.align(ALIGNMENT);
      placing.add(t);
    }
    rest.sort(Comparator.comparingInt((Tensor t) -> t.dtype().bits()).reversed());
    if (!rest.isEmpty()) {
      placing.align(Math.max(1, rest.get(0).dtype().bits() / 8));
    }
    rest.forEach(placing::add);
    List<Tensor> header = new ArrayList<>(tensors);
    header.addAll(placing.padding);
    return new Layout(
        header, placing.order, placing.begins, placing.padding.stream().map(Tensor::name).toList());
  }

  private static Set<String> checkedNames(List<Tensor> tensors) {
    Set<String> names = new LinkedHashSet<>();
    for (Tensor t : tensors) {
      String problem = null;
      if (t.name().equals(SafetensorsHeader.METADATA) || !StrictJson.isEncodable(t.name())) {
        problem = "has a name the format does not allow";
      } else if (!names.add(t.name())) {
        problem = "occurs twice";
      } else if (!fits(t)) {
        problem =
            "has %s bytes, which do not fit type %s and shape %s"
                .formatted(t.bytes(), t.dtype(), Arrays.toString(t.shape()));
      }
      if (problem != null) {
        throw new FiligreeException(Message.FIL_0405, t.name(), problem);
      }
    }
    return names;
  }

  private static boolean fits(Tensor t) {
    try {
      return Arrays.stream(t.shape()).allMatch(d -> d >= 0)
          && t.dtype().bytes(t.shape()) == t.bytes();
    } catch (ArithmeticException e) {
      return false; // no number of bytes fits
    }
  }

  /** Tensors placed so far. */
  private static final class Placing {
    private final Set<String> names;
    private final List<Tensor> order = new ArrayList<>();
    private final List<Tensor> padding = new ArrayList<>();
    private final Map<String, Long> begins = new LinkedHashMap<>();
    private long offset;
    private int next;

    Placing(Set<String> names) {
      this.names = names;
    }

    void add(Tensor t) {
      begins.put(t.name(), offset);
      order.add(t);
      offset += t.bytes();
    }

    void align(int bytes) {
      int missing = (int) (-offset & (bytes - 1));
      if (missing == 0) {
        return;
      }
      while (!names.add(PADDING + next)) {
        next++;
      }
      Tensor pad =
          Tensor.of(PADDING + next, DType.U8, new long[] {missing}, ByteBuffer.allocate(missing));
      padding.add(pad);
      add(pad);
    }
  }
}
