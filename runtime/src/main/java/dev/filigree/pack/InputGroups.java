package dev.filigree.pack;

import dev.filigree.kernel.AlignedMemory;
import dev.filigree.kernel.ColumnsArrays;
import java.nio.ByteBuffer;

/**
 * The product of one activation row with a matrix stored by inputs, split by inputs: memory is read
 * fastest in long pieces, and a thread that has some of the inputs reads their stored rows whole,
 * where one that has some of the outputs reads a piece of every row. Each group of inputs has sums
 * of its own, which are added in the order of the groups; the groups depend on the product alone,
 * so its bits do not depend on the number of threads. One object per calling thread.
 */
final class InputGroups {
  private static final ThreadLocal<InputGroups> LOCAL = ThreadLocal.withInitial(InputGroups::new);

  /** More of them cost more additions at the end, fewer leave shorter pieces to many threads. */
  private static final int GROUPS = 4;

  /** Kernels take eight inputs at a time. */
  private static final int MULTIPLE = 8;

  /** Outputs of one cache line of sums. */
  private static final int LINE = 16;

  /** Below this many multiply-adds one thread does it alone, and one group is enough. */
  private static final long MIN_WORK = 1 << 16;

  private static final Product.Part<ColumnsArrays> ALONE =
      (w, p, from, to) ->
          p.kernels
              .columns()
              .gemv(
                  w,
                  p.active,
                  0,
                  p.count,
                  p.x,
                  p.xAt,
                  p.bias,
                  p.y,
                  p.yAt,
                  p.first + from,
                  p.first + to);

  private static final Product.Part<ColumnsArrays> GROUP = InputGroups::groups;
  private static final Product.Part<ColumnsArrays> TOTAL = InputGroups::total;

  private ByteBuffer sums = AlignedMemory.allocate(0);
  private int stride;
  private int outputs;

  private InputGroups() {}

  /** Computes the outputs {@code p.first} to {@code p.first + outputs} from the active inputs. */
  static void multiply(Product p, int[] active, int count, int outputs) {
    p.active = active;
    p.count = count;
    long work = (long) outputs * count;
    if (work < MIN_WORK || count < 2 * GROUPS * MULTIPLE) {
      p.split(outputs, LINE, 1, work, ALONE);
      return;
    }
    InputGroups groups = LOCAL.get();
    groups.outputs = outputs;
    groups.stride = (outputs + LINE - 1) / LINE * LINE;
    int bytes = Math.multiplyExact(4 * GROUPS, groups.stride);
    if (groups.sums.capacity() < bytes) {
      groups.sums = AlignedMemory.allocate(bytes);
    }
    p.groups = groups;
    p.split(GROUPS * groups.stride, LINE, 1, work, GROUP);
    p.split(outputs, LINE, 1, (long) GROUPS * outputs, TOTAL);
  }

  /** Sums from to to of all groups, one group after the other. */
  private static void groups(ColumnsArrays w, Product p, int from, int to) {
    InputGroups g = p.groups;
    for (int at = from; at < to; ) {
      int group = at / g.stride;
      int start = group * g.stride;
      int end = Math.min(to, start + g.stride);
      int last = Math.min(end - start, g.outputs);
      int i0 = bound(p.count, group);
      int i1 = bound(p.count, group + 1);
      p.kernels
          .columns()
          .gemv(
              w,
              p.active,
              i0,
              i1 - i0,
              p.x,
              p.xAt,
              null,
              g.sums,
              start - p.first,
              p.first + at - start,
              p.first + last);
      at = end;
    }
  }

  /** The first active input of a group. */
  private static int bound(int count, int group) {
    int each = (count / GROUPS + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
    return group == GROUPS ? count : Math.min(count, group * each);
  }

  private static void total(ColumnsArrays w, Product p, int from, int to) {
    InputGroups g = p.groups;
    p.kernels
        .columns()
        .add(g.sums, -p.first, GROUPS, g.stride, p.bias, p.y, p.yAt, p.first + from, p.first + to);
  }
}
