package dev.filigree.decoder.load;

import dev.filigree.file.DType;
import dev.filigree.file.FloatTensor;
import dev.filigree.file.Tensor;
import dev.filigree.kernel.AlignedMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Tensors as float32 in native byte order. */
final class NativeFloats {
  private NativeFloats() {}

  /** Little-endian direct float32 bytes: the same memory where that is the native order. */
  static ByteBuffer of(ByteBuffer littleEndian) {
    if (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN && littleEndian.isDirect()) {
      return littleEndian;
    }
    ByteBuffer out = AlignedMemory.allocate(littleEndian.limit());
    for (int i = 0; i < littleEndian.limit(); i += 4) {
      out.putFloat(i, littleEndian.getFloat(i));
    }
    return out;
  }

  /** A tensor of any type that can be read as float32. */
  static ByteBuffer of(Tensor tensor) {
    if (tensor.dtype() == DType.F32) {
      return of(tensor.data());
    }
    FloatTensor floats = FloatTensor.of(tensor);
    ByteBuffer out = AlignedMemory.allocate(Math.toIntExact(4 * floats.size()));
    floats.read(0, out.asFloatBuffer());
    return out;
  }
}
