package dev.filigree.pack;

import java.nio.ByteBuffer;

/**
 * One stored array of a packed matrix.
 *
 * @param suffix what follows the tensor's name in a file, for example {@code values} or {@code
 *     bitmap}
 * @param dtype safetensors type: {@code F32}, {@code U8}, {@code U16}, {@code I32}, ...
 * @param shape dimensions
 * @param data the bytes, native order, position 0 to limit; not to be written to
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Part(String suffix, String dtype, long[] shape, ByteBuffer data) {}
