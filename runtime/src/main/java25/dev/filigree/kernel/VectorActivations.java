package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Activation functions by polynomials, see {@link ActivationConstants}. */
final class VectorActivations implements ActivationKernels {
  private static final VectorSpecies<Integer> I = F.withLanes(int.class);

  /** Elements that are computed in working memory at a time. */
  private static final int BLOCK = 512;

  @Override
  public void apply(Activation f, ByteBuffer yb, int from, int to) {
    MemorySegment y = Views.segment(yb);
    int whole = from + (to - from) / LANES * LANES;
    whole(f, y, from, whole);
    if (whole < to && f != Activation.NONE) {
      // The last ones see the arithmetic of a lane too, so the bits do not depend on the range.
      MemorySegment rest = VectorUnpacked.local().segment();
      MemorySegment.copy(y, 4L * whole, rest, 0, 4L * (to - whole));
      whole(f, rest, 0, LANES);
      MemorySegment.copy(rest, 0, y, 4L * whole, 4L * (to - whole));
    }
  }

  @Override
  public void gate(
      Activation f,
      ByteBuffer gb,
      int gAt,
      ByteBuffer ub,
      int uAt,
      ByteBuffer hb,
      int hAt,
      int count) {
    MemorySegment g = Views.segment(gb);
    MemorySegment u = Views.segment(ub);
    MemorySegment h = Views.segment(hb);
    MemorySegment block = VectorUnpacked.local().segment();
    for (int i = 0; i < count; i += BLOCK) {
      int n = Math.min(BLOCK, count - i);
      MemorySegment.copy(g, 4L * (gAt + i), block, 0, 4L * n);
      whole(f, block, 0, (n + LANES - 1) / LANES * LANES);
      product(block, u, 4L * (uAt + i), h, 4L * (hAt + i), n);
    }
  }

  private static void product(
      MemorySegment a, MemorySegment b, long bAt, MemorySegment to, long toAt, int count) {
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      FloatVector.fromMemorySegment(F, a, 4L * i, ORDER)
          .mul(FloatVector.fromMemorySegment(F, b, bAt + 4L * i, ORDER))
          .intoMemorySegment(to, toAt + 4L * i, ORDER);
    }
    for (; i < count; i++) {
      float product =
          a.get(JAVA_FLOAT_UNALIGNED, 4L * i) * b.get(JAVA_FLOAT_UNALIGNED, bAt + 4L * i);
      to.set(JAVA_FLOAT_UNALIGNED, toAt + 4L * i, product);
    }
  }

  /** Whole vectors; one loop per function, since the compiler puts only so much into a method. */
  private static void whole(Activation f, MemorySegment y, int from, int to) {
    switch (f) {
      case NONE -> {}
      case SILU -> silu(y, from, to);
      case RELU -> relu(y, from, to);
      case GELU -> gelu(y, from, to);
    }
  }

  private static void silu(MemorySegment y, int from, int to) {
    for (int i = from; i < to; i += LANES) {
      silu(FloatVector.fromMemorySegment(F, y, 4L * i, ORDER)).intoMemorySegment(y, 4L * i, ORDER);
    }
  }

  private static void relu(MemorySegment y, int from, int to) {
    for (int i = from; i < to; i += LANES) {
      FloatVector.fromMemorySegment(F, y, 4L * i, ORDER)
          .max(0f)
          .intoMemorySegment(y, 4L * i, ORDER);
    }
  }

  private static void gelu(MemorySegment y, int from, int to) {
    for (int i = from; i < to; i += LANES) {
      gelu(FloatVector.fromMemorySegment(F, y, 4L * i, ORDER)).intoMemorySegment(y, 4L * i, ORDER);
    }
  }

  private static FloatVector silu(FloatVector x) {
    FloatVector e = exp(x.abs().min(ActivationConstants.EXP_ZERO).neg(), FloatVector.zero(F));
    FloatVector one = FloatVector.broadcast(F, 1f);
    return x.mul(one.blend(e, x.compare(VectorOperators.LT, 0f)).div(e.add(1f)));
  }

  private static FloatVector gelu(FloatVector x) {
    FloatVector a = x.abs().min(ActivationConstants.TAIL_ZERO);
    FloatVector upper =
        a.reinterpretAsInts()
            .lanewise(VectorOperators.AND, ActivationConstants.UPPER)
            .reinterpretAsFloats();
    FloatVector e = exp(upper.mul(upper).mul(-0.5f), a.sub(upper).mul(a.add(upper)).mul(-0.5f));
    FloatVector one = FloatVector.broadcast(F, 1f);
    FloatVector t = one.div(a.fma(slope(), one));
    FloatVector q = FloatVector.broadcast(F, ActivationConstants.TAIL[0]);
    for (int i = 1; i < ActivationConstants.TAIL.length; i++) {
      q = q.fma(t, FloatVector.broadcast(F, ActivationConstants.TAIL[i]));
    }
    FloatVector tail = q.mul(t).mul(e);
    return x.mul(one.sub(tail).blend(tail, x.compare(VectorOperators.LT, 0f)));
  }

  private static FloatVector slope() {
    return FloatVector.broadcast(F, ActivationConstants.TAIL_SLOPE);
  }

  /** exp(high + low) of a sum from -160 to 0 that is more exact than one float. */
  static FloatVector exp(FloatVector high, FloatVector low) {
    FloatVector n =
        high.add(low)
            .mul(ActivationConstants.PER_LN2)
            .add(ActivationConstants.ROUND)
            .sub(ActivationConstants.ROUND);
    FloatVector r =
        high.sub(n.mul(ActivationConstants.LN2_HIGH))
            .add(low)
            .sub(n.mul(ActivationConstants.LN2_LOW));
    FloatVector p = FloatVector.broadcast(F, ActivationConstants.EXP[0]);
    for (int i = 1; i < ActivationConstants.EXP.length; i++) {
      p = p.fma(r, FloatVector.broadcast(F, ActivationConstants.EXP[i]));
    }
    // In two steps: 2^n itself may be below the smallest normal number.
    IntVector whole = (IntVector) n.convertShape(VectorOperators.F2I, I, 0);
    IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
    return p.mul(power(half)).mul(power(whole.sub(half)));
  }

  /** 2^n, n from -126 to 127. */
  private static FloatVector power(IntVector n) {
    return n.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
  }
}
