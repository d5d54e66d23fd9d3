package dev.filigree.processor.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.VariableElement;
import javax.lang.model.util.Elements;

/** The values of one annotation by attribute, defaults included. */
final class AnnotationValues {
  private final Elements elements;
  private final Map<String, Object> values = new HashMap<>();

  AnnotationValues(Elements elements, AnnotationMirror annotation) {
    this.elements = elements;
    elements
        .getElementValuesWithDefaults(annotation)
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
    String name = as(VariableElement.class, attribute, value).getSimpleName().toString();
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equals(name)) {
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

  AnnotationValues annotation(String attribute) throws MalformedException {
    return new AnnotationValues(
        elements, as(AnnotationMirror.class, attribute, values.get(attribute)));
  }

  private <T> List<T> list(String attribute, Class<T> type) throws MalformedException {
    List<T> out = new ArrayList<>();
    for (Object v : as(List.class, attribute, values.get(attribute))) {
      out.add(as(type, attribute, v instanceof AnnotationValue a ? a.getValue() : v));
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
