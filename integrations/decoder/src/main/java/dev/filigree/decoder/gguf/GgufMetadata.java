package dev.filigree.decoder.gguf;

import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The metadata of a file, read as the types that are wanted. Every getter refuses a value of
 * another type with FIL-0822; it is empty where the key is absent.
 */
public final class GgufMetadata {
  private final Object where;
  private final Map<String, Object> values;

  GgufMetadata(Object where, Map<String, Object> values) {
    this.where = where;
    this.values = values;
  }

  /** Whether there is such a key. */
  public boolean has(String key) {
    return values.containsKey(key);
  }

  /** A text. */
  public Optional<String> text(String key) {
    return typed(key, String.class, "a text");
  }

  /** A truth value. */
  public Optional<Boolean> flag(String key) {
    return typed(key, Boolean.class, "a truth value");
  }

  /** A number, whole or not. */
  public Optional<Double> real(String key) {
    return typed(key, Number.class, "a number").map(Number::doubleValue);
  }

  /** A whole number of 0 to 2^31 - 1; an array stands for the number that all its elements are. */
  public Optional<Integer> count(String key) {
    Object value = values.get(key);
    if (value instanceof long[] all && all.length > 0) {
      if (Arrays.stream(all).anyMatch(n -> n != all[0])) {
        throw refused(key + " differs between layers");
      }
      value = all[0];
    }
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof Long n && n >= 0 && n <= Integer.MAX_VALUE) {
      return Optional.of(n.intValue());
    }
    throw refused(
        key
            + (value instanceof Number ? " is " + value : " is no number")
            + "; legal: a whole number of 0 to "
            + Integer.MAX_VALUE);
  }

  /** Texts. */
  public Optional<List<String>> texts(String key) {
    Optional<List<?>> list = typed(key, List.class, "an array of texts").map(l -> (List<?>) l);
    list.ifPresent(
        l -> {
          if (!l.stream().allMatch(String.class::isInstance)) {
            throw refused(key + " is no array of texts");
          }
        });
    return list.map(l -> l.stream().map(String.class::cast).toList());
  }

  /** Whole numbers; not to be written to. */
  public Optional<long[]> wholes(String key) {
    return typed(key, long[].class, "an array of whole numbers");
  }

  /** Numbers; not to be written to. */
  public Optional<double[]> reals(String key) {
    return typed(key, double[].class, "an array of numbers");
  }

  private <T> Optional<T> typed(String key, Class<T> type, String words) {
    Object value = values.get(key);
    if (value != null && !type.isInstance(value)) {
      throw refused(key + " is not " + words);
    }
    return Optional.ofNullable(type.cast(value));
  }

  private FiligreeException refused(String reason) {
    return new FiligreeException(Message.FIL_0822, where, reason);
  }
}
