package dev.filigree.processor.internal;

import dev.filigree.annotations.Schedule;
import dev.filigree.plan.AnnotationReader;
import dev.filigree.plan.Declaration;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.VariableElement;

/**
 * The values of one of our annotations by attribute. Defaults are taken from the annotation class
 * that the processor itself uses: javac 17 cannot always tell the default of an annotation whose
 * class file it has only just read.
 */
final class AnnotationValues {
  private final Map<String, Object> values = new HashMap<>();

  AnnotationValues(AnnotationMirror written, Class<?> annotationType) {
    for (Method attribute : annotationType.getDeclaredMethods()) {
      values.put(attribute.getName(), attribute.getDefaultValue());
    }
    written
        .getElementValues()
        .forEach((method, v) -> values.put(method.getSimpleName().toString(), v.getValue()));
  }

  /** A value that does not compile, which javac reports itself, or not yet. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1L;

    private MalformedException(String attribute, Object found) {
      super(attribute + " = " + found);
    }
  }

  double number(String attribute) throws MalformedException {
    return as(Number.class, attribute, values.get(attribute)).doubleValue();
  }

  int whole(String attribute) throws MalformedException {
    return as(Number.class, attribute, values.get(attribute)).intValue();
  }

  String string(String attribute) throws MalformedException {
    return as(String.class, attribute, values.get(attribute));
  }

  <E extends Enum<E>> E constant(String attribute, Class<E> type) throws MalformedException {
    Object value = values.get(attribute);
    for (E constant : type.getEnumConstants()) {
      if (constant == value
          || (value instanceof VariableElement named
              && named.getSimpleName().contentEquals(constant.name()))) {
        return constant;
      }
    }
    throw new MalformedException(attribute, value);
  }

  List<String> strings(String attribute) throws MalformedException {
    return list(attribute, String.class);
  }

  List<Integer> wholes(String attribute) throws MalformedException {
    return list(attribute, Integer.class);
  }

  List<Double> numbers(String attribute) throws MalformedException {
    return list(attribute, Number.class).stream().map(Number::doubleValue).toList();
  }

  Declaration.Ramp ramp(String attribute) throws MalformedException {
    Object value = values.get(attribute);
    return value instanceof Schedule byDefault
        ? AnnotationReader.ramp(byDefault)
        : ElementReader.ramp(as(AnnotationMirror.class, attribute, value));
  }

  private <T> List<T> list(String attribute, Class<T> type) throws MalformedException {
    List<T> out = new ArrayList<>();
    Object value = values.get(attribute);
    if (value instanceof List<?> written) {
      for (Object v : written) {
        out.add(as(type, attribute, v instanceof AnnotationValue a ? a.getValue() : v));
      }
    } else if (value != null && value.getClass().isArray()) {
      for (int i = 0; i < Array.getLength(value); i++) {
        out.add(as(type, attribute, Array.get(value, i)));
      }
    } else {
      throw new MalformedException(attribute, value);
    }
    return out;
  }

  private static <T> T as(Class<T> type, String attribute, Object value) throws MalformedException {
    if (!type.isInstance(value)) {
      throw new MalformedException(attribute, value);
    }
    return type.cast(value);
  }
}
