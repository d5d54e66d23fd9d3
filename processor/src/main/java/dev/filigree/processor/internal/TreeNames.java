package dev.filigree.processor.internal;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.TreePath;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;

/**
 * Resolves type names in a part of a syntax tree that javac has not looked into yet: member types
 * of the enclosing classes, imports, the package, imports on demand, as the language orders them.
 */
final class TreeNames {
  private final Elements elements;
  private final TreePath at;
  private final Deque<TypeElement> enclosing;

  /**
   * For one place.
   *
   * @param root the top-level type the place is in
   */
  TreeNames(Elements elements, TypeElement root, TreePath at) {
    this.elements = elements;
    this.at = at;
    this.enclosing = enclosing(root, at);
  }

  /** The member types around a place, innermost first; a local class has no element yet. */
  private static Deque<TypeElement> enclosing(TypeElement root, TreePath at) {
    Deque<String> names = new ArrayDeque<>();
    for (TreePath p = at; p != null; p = p.getParentPath()) {
      if (p.getLeaf() instanceof ClassTree c) {
        names.push(c.getSimpleName().toString());
      }
    }
    names.pop(); // the root itself
    Deque<TypeElement> types = new ArrayDeque<>(List.of(root));
    for (String name : names) {
      Optional<TypeElement> member = member(types.getFirst(), name);
      if (member.isEmpty()) {
        break;
      }
      types.addFirst(member.get());
    }
    return types;
  }

  /** The type a name means at this place. */
  Optional<TypeElement> resolve(Tree name) {
    if (name instanceof IdentifierTree simple) {
      return resolveSimple(simple.getName().toString());
    }
    if (name instanceof MemberSelectTree qualified) {
      return type(qualified.toString())
          .or(
              () ->
                  resolve(qualified.getExpression())
                      .flatMap(outer -> member(outer, qualified.getIdentifier().toString())));
    }
    return Optional.empty();
  }

  private Optional<TypeElement> resolveSimple(String name) {
    for (TypeElement type : enclosing) {
      Optional<TypeElement> found = member(type, name);
      if (found.isPresent()) {
        return found;
      }
    }
    CompilationUnitTree unit = at.getCompilationUnit();
    Optional<TypeElement> found = imported(unit, "." + name, "");
    if (found.isEmpty()) {
      String inPackage = unit.getPackageName() == null ? "" : unit.getPackageName() + ".";
      found = type(inPackage + name);
    }
    return found.isPresent() ? found : imported(unit, ".*", name);
  }

  /** The type of the first import that ends so, its star replaced by the name. */
  private Optional<TypeElement> imported(CompilationUnitTree unit, String end, String name) {
    for (ImportTree i : unit.getImports()) {
      String text = i.getQualifiedIdentifier().toString();
      if (text.endsWith(end)) {
        Optional<TypeElement> found =
            type(name.isEmpty() ? text : text.substring(0, text.length() - 1) + name);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  private Optional<TypeElement> type(String name) {
    return Optional.ofNullable(elements.getTypeElement(name));
  }

  private static Optional<TypeElement> member(Element outer, String name) {
    return ElementFilter.typesIn(outer.getEnclosedElements()).stream()
        .filter(t -> t.getSimpleName().contentEquals(name))
        .findFirst();
  }
}
