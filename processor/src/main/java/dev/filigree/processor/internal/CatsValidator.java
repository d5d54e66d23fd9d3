package dev.filigree.processor.internal;

import dev.filigree.plan.Declaration;
import dev.filigree.plan.LayerFamily;
import dev.filigree.plan.Message;
import dev.filigree.plan.Problem;
import dev.filigree.plan.SiteRules;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;

/**
 * CATS, CHESS, RELU, TEAL_GREEDY and COREINFER name three fields of the annotated class that hold
 * its layers.
 */
final class CatsValidator implements Validator {
  private final DjlTypes types;
  private final ElementReader reader;

  CatsValidator(DjlTypes types, ElementReader reader) {
    this.types = types;
    this.reader = reader;
  }

  @Override
  public boolean validate(DeclaredElement declared, Reporter.Scope report) {
    if (!(declared.element() instanceof TypeElement type)
        || type.getKind() == ElementKind.ANNOTATION_TYPE
        || !types.isPresent()
        || !types.isComplete(type.asType())) {
      return true;
    }
    for (int i = 0; i < declared.items().size(); i++) {
      if (declared.declarations().items().get(i).declaration() instanceof Declaration.Activations a
          && a.method().isOfBlock()) {
        check(a, type, declared.items().get(i), report);
      }
    }
    return true;
  }

  private void check(
      Declaration.Activations a,
      TypeElement type,
      DeclaredElement.Place place,
      Reporter.Scope report) {
    Map<String, VariableElement> fields = types.blockFields(type);
    Map<String, LayerFamily> families = new LinkedHashMap<>();
    fields.forEach((name, field) -> families.put(name, types.family(field.asType())));
    for (Problem p : SiteRules.checkRoles(a, Labels.of(type), families)) {
      report.problem(place, p);
    }
    Map.of("gate", a.gate(), "up", a.up(), "down", a.down()).entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .filter(role -> fields.containsKey(role.getValue()))
        .filter(role -> hasActivations(fields.get(role.getValue())))
        .forEach(role -> report.problem(place, role.getKey(), Message.FIL_0134, role.getValue()));
  }

  private boolean hasActivations(VariableElement field) {
    return reader
        .read(field)
        .filter(
            d ->
                d.declarations().items().stream()
                    .anyMatch(i -> i.declaration() instanceof Declaration.Activations))
        .isPresent();
  }
}
