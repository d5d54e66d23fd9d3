package dev.filigree.decoder.gguf;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Element types of GGUF tensors. Only some are read; the others have a name for messages. */
public enum GgufType {
  F32(0, 1, 4),
  F16(1, 1, 2),
  Q4_0(2),
  Q4_1(3),
  Q5_0(6),
  Q5_1(7),
  /** Blocks of 32 elements: a scale in F16, then 32 signed bytes. */
  Q8_0(8, 32, 34),
  Q8_1(9),
  Q2_K(10),
  Q3_K(11),
  Q4_K(12),
  Q5_K(13),
  Q6_K(14),
  Q8_K(15),
  IQ2_XXS(16),
  IQ2_XS(17),
  IQ3_XXS(18),
  IQ1_S(19),
  IQ4_NL(20),
  IQ3_S(21),
  IQ2_S(22),
  IQ4_XS(23),
  I8(24),
  I16(25),
  I32(26),
  I64(27),
  F64(28),
  IQ1_M(29),
  BF16(30, 1, 2),
  TQ1_0(34),
  TQ2_0(35),
  MXFP4(39);

  private final int id;
  private final int blockElements;
  private final int blockBytes;

  GgufType(int id) {
    this(id, 0, 0);
  }

  GgufType(int id, int blockElements, int blockBytes) {
    this.id = id;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /** The type of that number, where the format has one. */
  static Optional<GgufType> of(int id) {
    return Arrays.stream(values()).filter(t -> t.id == id).findFirst();
  }

  /** The types that are read. */
  static List<GgufType> readable() {
    return Stream.of(values()).filter(GgufType::isReadable).toList();
  }

  boolean isReadable() {
    return blockBytes > 0;
  }

  /** How many elements of a row are stored together. */
  public int blockElements() {
    return blockElements;
  }

  /** How many bytes they take. */
  public int blockBytes() {
    return blockBytes;
  }
}
