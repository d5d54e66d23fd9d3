package dev.filigree.decoder.jinja;

import com.hubspot.jinjava.el.ext.JinjavaBeanELResolver;
import com.hubspot.jinjava.lib.exptest.ExpTest;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.util.ForLoop;
import java.beans.FeatureDescriptor;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;

/**
 * What a template may look into and call: maps, lists, texts and the state of a loop, by the names
 * of Python. Everything else is undefined; no value is looked into by reflection.
 */
final class PlainValues extends ELResolver {
  private static final Pattern INDEX = Pattern.compile("-?\\d{1,9}");
  // The engine calls filters and tests as methods of their objects.
  private static final Set<String> OF_FILTERS = Set.of("filter");
  private static final Set<String> OF_TESTS = Set.of("evaluate", "evaluateNegated");

  private final ELResolver engine = new JinjavaBeanELResolver(/* readOnly= */ true);

  @Override
  public Object getValue(ELContext context, Object base, Object property) {
    if (base == null) {
      return null;
    }
    context.setPropertyResolved(true);
    if (base instanceof Map<?, ?> map) {
      return map.get(property);
    }
    if (base instanceof ForLoop loop) {
      return loop(loop, String.valueOf(property));
    }
    OptionalInt index = index(property);
    if (index.isPresent()) {
      int at = index.getAsInt();
      if (base instanceof List<?> list) {
        at = at < 0 ? at + list.size() : at;
        return at >= 0 && at < list.size() ? list.get(at) : null;
      }
      if (base instanceof CharSequence text) {
        at = at < 0 ? at + text.length() : at;
        return at >= 0 && at < text.length() ? String.valueOf(text.charAt(at)) : null;
      }
    }
    return null;
  }

  /** The engine passes positions as texts. */
  private static OptionalInt index(Object property) {
    String text = String.valueOf(property);
    return INDEX.matcher(text).matches()
        ? OptionalInt.of(Integer.parseInt(text))
        : OptionalInt.empty();
  }

  private static Object loop(ForLoop loop, String property) {
    return switch (property) {
      case "index" -> loop.getIndex();
      case "index0" -> loop.getIndex0();
      case "revindex" -> loop.getRevindex();
      case "revindex0" -> loop.getRevindex0();
      case "first" -> loop.isFirst();
      case "last" -> loop.isLast();
      case "length" -> loop.getLength();
      case "depth" -> loop.getDepth();
      case "depth0" -> loop.getDepth0();
      default -> throw new JinjaException("loop." + property + " is not supported");
    };
  }

  @Override
  public Object invoke(
      ELContext context, Object base, Object method, Class<?>[] types, Object[] arguments) {
    String name = String.valueOf(method);
    if ((base instanceof Filter && OF_FILTERS.contains(name))
        || (base instanceof ExpTest && OF_TESTS.contains(name))) {
      return engine.invoke(context, base, method, types, arguments);
    }
    Object[] given = arguments == null ? new Object[0] : arguments;
    context.setPropertyResolved(true);
    if (base instanceof Map<?, ?> map) {
      return PythonMethods.ofMap(map, name, given);
    }
    if (base instanceof List<?> list) {
      return PythonMethods.ofList(list, name, given);
    }
    if (base instanceof CharSequence text) {
      return PythonMethods.ofText(text.toString(), name, given);
    }
    throw new JinjaException("the method " + method + " is not supported");
  }

  @Override
  public void setValue(ELContext context, Object base, Object property, Object value) {
    throw new JinjaException("only variables and namespaces can be set");
  }

  @Override
  public boolean isReadOnly(ELContext context, Object base, Object property) {
    return true;
  }

  @Override
  public Class<?> getType(ELContext context, Object base, Object property) {
    return Object.class;
  }

  @Override
  public Class<?> getCommonPropertyType(ELContext context, Object base) {
    return Object.class;
  }

  @Override
  public Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, Object base) {
    return List.<FeatureDescriptor>of().iterator();
  }
}
