package dev.filigree.decoder.model;

import java.lang.reflect.RecordComponent;
import java.util.Optional;

/**
 * Where two configurations differ.
 *
 * @param part name of the first component that does
 * @param first its value in the first
 * @param second its value in the second
 */
public record ConfigDifference(String part, Object first, Object second) {

  /** The first difference; empty where they are the same. */
  public static Optional<ConfigDifference> between(DecoderConfig first, DecoderConfig second) {
    for (RecordComponent part : DecoderConfig.class.getRecordComponents()) {
      Object a = value(part, first);
      Object b = value(part, second);
      if (!a.equals(b)) {
        return Optional.of(new ConfigDifference(part.getName(), a, b));
      }
    }
    return Optional.empty();
  }

  /** The same for shapes of weights, to which ids that begin and end a text do not matter. */
  public static Optional<ConfigDifference> betweenShapes(
      DecoderConfig first, DecoderConfig second) {
    return between(first.withStops(second.stops()), second).filter(d -> !d.part().equals("bos"));
  }

  private static Object value(RecordComponent part, DecoderConfig config) {
    try {
      return part.getAccessor().invoke(config);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("accessors of a public record are public", e);
    }
  }
}
