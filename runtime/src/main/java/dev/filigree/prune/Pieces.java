package dev.filigree.prune;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Iterator;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Values in pieces, so that a converted copy is never whole in memory. */
final class Pieces {
  private static final int SIZE = 1 << 20;

  private Pieces() {}

  static Iterator<ByteBuffer> of(FloatBuffer values, Function<FloatBuffer, ByteBuffer> convert) {
    int count = values.capacity();
    return IntStream.iterate(0, at -> at < count, at -> at + SIZE)
        .mapToObj(at -> convert.apply(values.slice(at, Math.min(SIZE, count - at))))
        .iterator();
  }
}
