package dev.filigree.kernel;

import static dev.filigree.kernel.VectorConstants.F;
import static dev.filigree.kernel.VectorConstants.LANES;
import static dev.filigree.kernel.VectorConstants.ORDER;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Loops in vector code. */
final class VectorProbe implements ProbeLoops {
  private static final VectorSpecies<Long> L = VectorSpecies.of(long.class, F.vectorShape());
  private static final int STREAMS = 4;
  private static final long STREAM_BYTES = 64L * BLOCK_LINES / STREAMS;

  /** Four streams side by side, as the products read rows of weights. */
  @Override
  public long read(ByteBuffer memory, int from, int to) {
    MemorySegment m = MemorySegment.ofBuffer(memory);
    LongVector s0 = LongVector.zero(L);
    LongVector s1 = s0;
    LongVector s2 = s0;
    LongVector s3 = s0;
    int step = L.vectorByteSize();
    for (long block = 64L * from; block < 64L * to; block += STREAMS * STREAM_BYTES) {
      for (long at = block; at < block + STREAM_BYTES; at += step) {
        s0 = s0.add(LongVector.fromMemorySegment(L, m, at, ORDER));
        s1 = s1.add(LongVector.fromMemorySegment(L, m, at + STREAM_BYTES, ORDER));
        s2 = s2.add(LongVector.fromMemorySegment(L, m, at + 2 * STREAM_BYTES, ORDER));
        s3 = s3.add(LongVector.fromMemorySegment(L, m, at + 3 * STREAM_BYTES, ORDER));
      }
    }
    return s0.add(s1).add(s2.add(s3)).reduceLanes(VectorOperators.ADD);
  }

  /** Twelve chains: two units with a latency of four to five cycles need ten. */
  @Override
  public float multiplyAdds(int steps) {
    FloatVector one = FloatVector.broadcast(F, steps > 0 ? 1f : 0f);
    FloatVector a = FloatVector.zero(F);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    FloatVector e = a;
    FloatVector f = a;
    FloatVector g = a;
    FloatVector h = a;
    FloatVector i = a;
    FloatVector j = a;
    FloatVector k = a;
    FloatVector l = a;
    for (int s = 0; s < steps; s++) {
      a = a.fma(one, one);
      b = b.fma(one, one);
      c = c.fma(one, one);
      d = d.fma(one, one);
      e = e.fma(one, one);
      f = f.fma(one, one);
      g = g.fma(one, one);
      h = h.fma(one, one);
      i = i.fma(one, one);
      j = j.fma(one, one);
      k = k.fma(one, one);
      l = l.fma(one, one);
    }
    FloatVector all =
        a.add(b).add(c.add(d)).add(e.add(f).add(g.add(h))).add(i.add(j).add(k.add(l)));
    float[] lanes = new float[LANES];
    all.intoArray(lanes, 0);
    return VectorConstants.sum(lanes, 0, LANES) / chains();
  }

  @Override
  public int chains() {
    return 12 * LANES;
  }
}
