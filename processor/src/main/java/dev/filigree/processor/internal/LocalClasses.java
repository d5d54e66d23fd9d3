package dev.filigree.processor.internal;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import dev.filigree.plan.Message;
import javax.annotation.processing.ProcessingEnvironment;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.Elements;
import javax.tools.Diagnostic;

/**
 * Rejects our annotations in local and anonymous classes and on local variables. Annotation
 * processing does not show those, so javac's syntax trees are read; under another compiler this
 * check is left to the runtime.
 */
interface LocalClasses {

  /** Reports what is annotated in local and anonymous classes inside a type. */
  void check(Element root);

  /** The check, or none where the compiler has no such trees or hides them. */
  static LocalClasses of(ProcessingEnvironment env, OurAnnotations ours) {
    try {
      return new Scanner(Trees.instance(env), env.getElementUtils(), ours);
    } catch (IllegalArgumentException | LinkageError e) {
      return root -> {};
    }
  }

  /** Walks the tree of one top-level type after the other. */
  final class Scanner extends TreePathScanner<Void, String> implements LocalClasses {
    private final Trees trees;
    private final Elements elements;
    private final OurAnnotations ours;
    private TypeElement root;

    private Scanner(Trees trees, Elements elements, OurAnnotations ours) {
      this.trees = trees;
      this.elements = elements;
      this.ours = ours;
    }

    @Override
    public void check(Element element) {
      TreePath path = trees.getPath(element);
      if (element instanceof TypeElement type
          && path != null
          && path.getLeaf() instanceof ClassTree) {
        root = type;
        scan(path, null);
      }
    }

    /**
     * Every class gets here.
     *
     * @param local the class in a method body that encloses this one, {@code null} outside any
     */
    @Override
    public Void visitClass(ClassTree tree, String local) {
      Tree parent = getCurrentPath().getParentPath().getLeaf();
      String inside = local;
      if (parent instanceof NewClassTree created) {
        inside = "new " + created.getIdentifier() + "() {...}";
      } else if (!(parent instanceof ClassTree || parent instanceof CompilationUnitTree)) {
        inside = tree.getSimpleName().toString();
      }
      return super.visitClass(tree, inside);
    }

    @Override
    public Void visitModifiers(ModifiersTree tree, String local) {
      TreePath declaration = getCurrentPath().getParentPath();
      Tree in = declaration.getParentPath().getLeaf();
      boolean hidden = !(in instanceof ClassTree || in instanceof MethodTree);
      if (declaration.getLeaf() instanceof VariableTree variable && hidden) {
        report(tree, Message.FIL_0136.text(variable.getName(), "a local variable"));
      } else if (local != null) {
        report(tree, Message.FIL_0124.text(local));
      }
      return super.visitModifiers(tree, local);
    }

    private void report(ModifiersTree modifiers, String text) {
      if (modifiers.getAnnotations().isEmpty()) {
        return;
      }
      TreeNames names = new TreeNames(elements, root, getCurrentPath());
      for (AnnotationTree a : modifiers.getAnnotations()) {
        names
            .resolve(a.getAnnotationType())
            .filter(ours::isRelevant)
            .ifPresent(
                type ->
                    trees.printMessage(
                        Diagnostic.Kind.ERROR, text, a, getCurrentPath().getCompilationUnit()));
      }
    }
  }
}
