package dev.filigree.plan;

import dev.filigree.annotations.Criterion;
import dev.filigree.annotations.Training;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the declarations of one element must obey together and at that place; {@link PlanRules} has
 * what each must obey alone.
 */
public final class SiteRules {
  private static final Set<Message> ROLE_MESSAGES =
      EnumSet.of(Message.FIL_0117, Message.FIL_0120, Message.FIL_0121);

  private SiteRules() {}

  /** All rules the declarations of one element break; empty when all is well. */
  public static List<Finding> check(Declarations all, Site site) {
    List<Finding> findings = new ArrayList<>();
    for (int i = 0; i < all.items().size(); i++) {
      for (Problem p : checkOne(all.items().get(i).declaration(), site)) {
        findings.add(new Finding(p, i));
      }
    }
    checkTogether(all, site, findings);
    checkSchedules(all, site, findings);
    checkLayer(site).ifPresent(p -> findings.add(new Finding(p, 0)));
    return findings;
  }

  /**
   * The rules about the fields that CATS names.
   *
   * @param a a CATS declaration on a type
   * @param type the type's name, for messages
   * @param fields the type's fields that hold one block each, in order, with what they hold
   */
  public static List<Problem> checkRoles(
      Declaration.Activations a, String type, Map<String, LayerFamily> fields) {
    List<Problem> problems = new ArrayList<>();
    PlanRules.roles(a)
        .forEach(
            (role, field) -> {
              LayerFamily family = fields.get(field);
              if (field.isEmpty()) {
                return; // FIL-0117 says it
              }
              if (family == null) {
                String legal = fields.isEmpty() ? "none" : String.join(", ", fields.keySet());
                problems.add(Problem.of(Message.FIL_0118, role, role, field, type, legal));
              } else if (family != LayerFamily.LINEAR && family != LayerFamily.UNKNOWN) {
                problems.add(
                    Problem.of(
                        Message.FIL_0130,
                        role,
                        "@ActivationSparse(method = " + a.method() + ")",
                        "field " + field));
              }
            });
    return problems;
  }

  private static List<Problem> checkOne(Declaration d, Site site) {
    List<Problem> problems = new ArrayList<>(PlanRules.check(d));
    if (site.isOneLayer() && !(d.include().isEmpty() && d.exclude().isEmpty())) {
      problems.removeIf(p -> p.message() == Message.FIL_0138);
      String attribute = d.include().isEmpty() ? "exclude" : "include";
      problems.add(Problem.of(Message.FIL_0128, attribute, site.label()));
    }
    if (d instanceof Declaration.Activations a) {
      if (a.method().isOfBlock() && site.isOneLayer()) {
        problems.removeIf(p -> ROLE_MESSAGES.contains(p.message()));
        problems.add(Problem.of(Message.FIL_0119, "method", a.method(), site.label()));
      } else if (site.family() == LayerFamily.CONVOLUTION
          || site.family() == LayerFamily.RECURRENT) {
        problems.add(
            Problem.of(
                Message.FIL_0130,
                "",
                "@ActivationSparse",
                site.name() + " of type " + site.type()));
      }
    }
    Criterion criterion =
        d instanceof Declaration.Weights w
            ? w.criterion()
            : d instanceof Declaration.NM nm ? nm.criterion() : Criterion.MAGNITUDE;
    if (criterion.needsCalibration()
        && (site.family() == LayerFamily.CONVOLUTION || site.family() == LayerFamily.RECURRENT)) {
      problems.add(
          Problem.of(
              Message.FIL_0144, "criterion", criterion, site.name() + " of type " + site.type()));
      return problems;
    }
    if (d instanceof Declaration.NM nm
        && nm.training() == Training.SR_STE
        && site.family() == LayerFamily.RECURRENT) {
      problems.add(
          Problem.of(Message.FIL_0131, "training", site.name() + " of type " + site.type()));
    }
    return problems;
  }

  private static void checkTogether(Declarations all, Site site, List<Finding> findings) {
    for (int i = 1; i < all.items().size(); i++) {
      Declarations.Item later = all.items().get(i);
      for (Declarations.Item earlier : all.items().subList(0, i)) {
        if (earlier.annotation().equals(later.annotation())) {
          findings.add(
              new Finding(twice(site, later.annotation(), earlier.source(), later.source()), i));
          break;
        }
        if (isWeight(earlier) && isWeight(later)) {
          findings.add(new Finding(Problem.of(Message.FIL_0115, "", site.name()), i));
          break;
        }
      }
    }
  }

  private static boolean isWeight(Declarations.Item item) {
    return !(item.declaration() instanceof Declaration.Activations);
  }

  private static void checkSchedules(Declarations all, Site site, List<Finding> findings) {
    if (all.schedules().isEmpty()) {
      return;
    }
    boolean used = all.items().stream().anyMatch(SiteRules::isWeight);
    if (all.schedules().size() > 1) {
      String first = all.schedules().get(0).source();
      String last = all.schedules().get(all.schedules().size() - 1).source();
      findings.add(new Finding(twice(site, "@Schedule", first, last), Finding.SCHEDULE));
    } else if (!used && site.kind() == Site.Kind.ANNOTATION) {
      for (Problem p : PlanRules.check(all.schedules().get(0).ramp())) {
        findings.add(new Finding(p, Finding.SCHEDULE));
      }
    } else if (!used) {
      findings.add(new Finding(Problem.of(Message.FIL_0129, "", site.label()), Finding.SCHEDULE));
    }
  }

  private static Problem twice(Site site, String annotation, String one, String other) {
    return Problem.of(Message.FIL_0116, "", site.name(), annotation, one, other);
  }

  private static Optional<Problem> checkLayer(Site site) {
    return switch (site.family()) {
      case EMBEDDING -> Optional.of(Problem.of(Message.FIL_0126, "", site.name()));
      case UNSUPPORTED -> Optional.of(Problem.of(Message.FIL_0125, "", site.name(), site.type()));
      case LINEAR, CONVOLUTION, RECURRENT, UNKNOWN -> Optional.empty();
    };
  }
}
