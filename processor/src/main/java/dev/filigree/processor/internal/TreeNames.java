package dev.filigree.processor.internal;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.TreePath;
import com.sun.source.util.Trees;
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
  private final Trees trees;
  private final TreePath at;

  TreeNames(Elements elements, Trees trees, TreePath at) {
    this.elements = elements;
    this.trees = trees;
    this.at = at;
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
    for (TreePath p = at; p != null; p = p.getParentPath()) {
      if (p.getLeaf() instanceof ClassTree && trees.getElement(p) instanceof TypeElement outer) {
        Optional<TypeElement> found = member(outer, name);
        if (found.isPresent()) {
          return found;
        }
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
