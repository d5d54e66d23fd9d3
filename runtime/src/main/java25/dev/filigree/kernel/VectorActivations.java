package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Activation functions by polynomials, see {@link ActivationConstants}. */
final class VectorActivations implements ActivationKernels {
  private static final VectorSpecies<Integer> I = F.withLanes(int.class);

  @Override
  public void apply(Activation f, ByteBuffer yb, int from, int to) {
    if (f == Activation.NONE) {
      return;
    }
    MemorySegment y = MemorySegment.ofBuffer(yb);
    int i = from;
    for (; i + LANES <= to; i += LANES) {
      of(f, FloatVector.fromMemorySegment(F, y, 4L * i, ORDER)).intoMemorySegment(y, 4L * i, ORDER);
    }
    if (i < to) {
      // The last ones see the arithmetic of a lane too, so the bits do not depend on the range.
      VectorMask<Float> rest = F.indexInRange(i, to);
      of(f, FloatVector.fromMemorySegment(F, y, 4L * i, ORDER, rest))
          .intoMemorySegment(y, 4L * i, ORDER, rest);
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
    MemorySegment g = MemorySegment.ofBuffer(gb);
    MemorySegment u = MemorySegment.ofBuffer(ub);
    MemorySegment h = MemorySegment.ofBuffer(hb);
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      of(f, FloatVector.fromMemorySegment(F, g, 4L * (gAt + i), ORDER))
          .mul(FloatVector.fromMemorySegment(F, u, 4L * (uAt + i), ORDER))
          .intoMemorySegment(h, 4L * (hAt + i), ORDER);
    }
    if (i < count) {
      VectorMask<Float> rest = F.indexInRange(i, count);
      of(f, FloatVector.fromMemorySegment(F, g, 4L * (gAt + i), ORDER, rest))
          .mul(FloatVector.fromMemorySegment(F, u, 4L * (uAt + i), ORDER, rest))
          .intoMemorySegment(h, 4L * (hAt + i), ORDER, rest);
    }
  }

  private static FloatVector of(Activation f, FloatVector x) {
    return switch (f) {
      case NONE -> x;
      case SILU -> silu(x);
      case RELU -> x.max(0f);
      case GELU -> gelu(x);
    };
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
  private static FloatVector exp(FloatVector high, FloatVector low) {
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
