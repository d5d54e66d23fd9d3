package dev.filigree.processor.internal;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javax.annotation.processing.ProcessingEnvironment;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.Elements;

/**
 * Drives the rounds: finds the top-level classes with work, checks them and writes their index. A
 * class that mentions types another processor has yet to generate waits for the next round.
 */
public final class Rounds {
  private final Elements elements;
  private final OurAnnotations ours;
  private final ElementReader reader;
  private final DjlTypes types;
  private final Reporter reporter;
  private final List<Validator> validators;
  private final LocalClasses localClasses;
  private final IndexWriter index;
  private final Set<String> waiting = new LinkedHashSet<>();

  private Rounds(ProcessingEnvironment env) {
    elements = env.getElementUtils();
    ours = new OurAnnotations();
    reader = new ElementReader();
    types = new DjlTypes(env);
    reporter = new Reporter(env.getMessager());
    SiteFinder sites = new SiteFinder(types);
    validators =
        List.of(
            new PlaceValidator(),
            new TypeValidator(types),
            new RulesValidator(sites),
            new CatsValidator(types, reader),
            new HouseAnnotationValidator());
    localClasses = LocalClasses.of(env, ours);
    index = new IndexWriter(elements, env.getFiler());
  }

  /** For one run of the compiler. */
  public static Rounds of(ProcessingEnvironment env) {
    return new Rounds(env);
  }

  /** Does the work of one round. */
  public void process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
    Set<TypeElement> classes = takeWaiting();
    for (TypeElement annotation : annotations) {
      if (ours.isRelevant(annotation)) {
        for (Element e : round.getElementsAnnotatedWith(annotation)) {
          collect(e, classes);
        }
      }
    }
    for (TypeElement c : classes) {
      process(c, round.processingOver());
    }
    for (Element root : round.getRootElements()) {
      localClasses.check(root);
    }
  }

  private Set<TypeElement> takeWaiting() {
    Set<TypeElement> classes = new LinkedHashSet<>();
    for (String name : waiting) {
      TypeElement c = elements.getTypeElement(name);
      if (c != null) {
        classes.add(c);
      }
    }
    waiting.clear();
    return classes;
  }

  private void collect(Element e, Set<TypeElement> classes) {
    TypeElement top = topLevelClass(e);
    if (top != null) {
      classes.add(top);
    } else {
      reader.read(e).ifPresent(declared -> validate(declared));
    }
  }

  private static TypeElement topLevelClass(Element e) {
    TypeElement top = null;
    for (Element up = e; up != null; up = up.getEnclosingElement()) {
      top = up instanceof TypeElement t ? t : top;
    }
    return top;
  }

  private void process(TypeElement c, boolean last) {
    Walk walk = new Walk(reader, types);
    walk.visit(c);
    if (walk.isIncomplete() && !last) {
      waiting.add(c.getQualifiedName().toString());
      return;
    }
    List<DeclaredElement> good = new ArrayList<>();
    for (DeclaredElement declared : walk.found()) {
      if (validate(declared)) {
        good.add(declared);
      }
    }
    if (!walk.isIncomplete() && good.size() == walk.found().size()) {
      index.write(c, good).ifPresent(problem -> reporter.error(c, problem));
    }
  }

  private boolean validate(DeclaredElement declared) {
    Reporter.Scope scope = reporter.on(declared);
    for (Validator v : validators) {
      if (!v.validate(declared, scope)) {
        break;
      }
    }
    return !scope.hasErrors();
  }
}
