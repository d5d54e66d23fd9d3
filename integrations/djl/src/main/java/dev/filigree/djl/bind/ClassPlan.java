package dev.filigree.djl.bind;

import ai.djl.nn.Block;
import dev.filigree.plan.AnnotationReader;
import dev.filigree.plan.Declarations;
import dev.filigree.plan.LayerFamily;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a class declares by annotation, read once per class.
 *
 * @param type declarations on the class or the nearest superclass that has any
 * @param fields annotated instance fields, superclasses' first
 */
record ClassPlan(Declarations type, List<AnnotatedField> fields) {

  private static final ClassValue<ClassPlan> CACHE =
      new ClassValue<>() {
        @Override
        protected ClassPlan computeValue(Class<?> c) {
          return read(c);
        }
      };

  /** One annotated field. */
  record AnnotatedField(Field field, Declarations declarations) {

    /** Where it is declared, for messages. */
    String origin() {
      return "field " + field.getDeclaringClass().getSimpleName() + "." + field.getName();
    }

    /** The blocks the field holds now: itself, or those in its collection, array or map. */
    List<Block> blocks(Object owner) {
      return blocksIn(value(field, owner));
    }
  }

  static ClassPlan of(Class<?> c) {
    return CACHE.get(c);
  }

  /** The block a named field of the owner holds, or null. */
  static Block named(Object owner, String name) {
    for (Class<?> c = owner.getClass(); c != null && c != Object.class; c = c.getSuperclass()) {
      for (Field f : c.getDeclaredFields()) {
        if (f.getName().equals(name) && !Modifier.isStatic(f.getModifiers()) && open(f)) {
          return value(f, owner) instanceof Block b ? b : null;
        }
      }
    }
    return null;
  }

  /** What the fields of an owner that hold one block each hold, in order; for CATS. */
  static Map<String, LayerFamily> families(Object owner) {
    Map<String, LayerFamily> out = new LinkedHashMap<>();
    for (Class<?> c = owner.getClass(); c != null && !isForeign(c); c = c.getSuperclass()) {
      for (Field f : c.getDeclaredFields()) {
        if (Block.class.isAssignableFrom(f.getType())
            && !Modifier.isStatic(f.getModifiers())
            && open(f)
            && value(f, owner) instanceof Block b) {
          out.putIfAbsent(f.getName(), LayerKind.of(b).family());
        }
      }
    }
    return out;
  }

  private static ClassPlan read(Class<?> start) {
    Declarations type = new Declarations(List.of(), List.of());
    List<AnnotatedField> fields = new ArrayList<>();
    for (Class<?> c = start; c != null && !isForeign(c); c = c.getSuperclass()) {
      if (type.isEmpty()) {
        type = AnnotationReader.readAll(c);
      }
      List<AnnotatedField> own = new ArrayList<>();
      for (Field f : c.getDeclaredFields()) {
        Declarations declarations = AnnotationReader.readAll(f);
        if (!declarations.isEmpty() && !Modifier.isStatic(f.getModifiers()) && open(f)) {
          own.add(new AnnotatedField(f, declarations));
        }
      }
      fields.addAll(0, own);
    }
    return new ClassPlan(type, List.copyOf(fields));
  }

  private static boolean isForeign(Class<?> c) {
    return c.getName().startsWith("java.") || c.getName().startsWith("ai.djl.nn.");
  }

  private static boolean open(Field f) {
    try {
      f.setAccessible(true);
      return true;
    } catch (InaccessibleObjectException | SecurityException e) {
      org.slf4j.LoggerFactory.getLogger(ClassPlan.class)
          .warn("Field {} cannot be read: {}. Open its package to Filigree.", f, e.getMessage());
      return false;
    }
  }

  private static Object value(Field f, Object owner) {
    try {
      return f.get(owner);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("field was made accessible", e);
    }
  }

  private static List<Block> blocksIn(Object value) {
    List<Block> out = new ArrayList<>();
    if (value instanceof Block b) {
      out.add(b);
    } else if (value instanceof Collection<?> c) {
      c.forEach(v -> out.addAll(blocksIn(v)));
    } else if (value instanceof Map<?, ?> m) {
      m.values().forEach(v -> out.addAll(blocksIn(v)));
    } else if (value instanceof Object[] a) {
      for (Object v : a) {
        out.addAll(blocksIn(v));
      }
    }
    return out;
  }
}
