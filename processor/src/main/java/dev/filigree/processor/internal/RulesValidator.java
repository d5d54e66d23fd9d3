package dev.filigree.processor.internal;

import dev.filigree.plan.Finding;
import dev.filigree.plan.SiteRules;
import java.util.Set;

/** The rules of {@code dev.filigree.plan}, which the runtime applies as well. */
final class RulesValidator implements Validator {
  private static final Set<String> RAMP = Set.of("kind", "start", "end", "every", "power");
  private final SiteFinder sites;

  RulesValidator(SiteFinder sites) {
    this.sites = sites;
  }

  @Override
  public boolean validate(DeclaredElement declared, Reporter.Scope report) {
    for (Finding f : SiteRules.check(declared.declarations(), sites.site(declared.element()))) {
      report.problem(place(declared, f), f.problem());
    }
    return true;
  }

  private static DeclaredElement.Place place(DeclaredElement declared, Finding f) {
    boolean ramp = RAMP.contains(f.problem().attribute());
    if (f.item() == Finding.SCHEDULE) {
      int i = ramp ? 0 : declared.schedules().size() - 1;
      return declared.schedules().get(i);
    }
    return ramp && !declared.schedules().isEmpty()
        ? declared.schedules().get(0)
        : declared.items().get(f.item());
  }
}
