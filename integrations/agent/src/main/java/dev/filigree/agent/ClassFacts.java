package dev.filigree.agent;

import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;
import net.bytebuddy.jar.asm.AnnotationVisitor;
import net.bytebuddy.jar.asm.ClassReader;
import net.bytebuddy.jar.asm.ClassVisitor;
import net.bytebuddy.jar.asm.FieldVisitor;
import net.bytebuddy.jar.asm.MethodVisitor;
import net.bytebuddy.jar.asm.Opcodes;
import net.bytebuddy.utility.OpenedClassReader;

/**
 * What the agent wants to know about one class, read from its bytes without loading anything.
 *
 * @param superName internal name of the super class, null for Object
 * @param isInterface whether it is an interface or annotation type
 * @param onType whether the type itself carries one of our annotations
 * @param fields names of annotated fields
 * @param factories annotated methods, each as name and descriptor in one string
 * @param labels whether it has a body for forward with labels
 */
record ClassFacts(
    String superName,
    boolean isInterface,
    boolean onType,
    Set<String> fields,
    Set<String> factories,
    boolean labels) {

  /** Internal name of the package of our annotations, with the slash after it. */
  static final String ANNOTATIONS = "dev/filigree/annotations/";

  /** Whether any declaration is in this class. */
  boolean annotated() {
    return onType || !fields.isEmpty() || !factories.isEmpty();
  }

  /**
   * Whether its objects own declared layers and may be no Blocks: a reason to look at each after
   * its construction.
   */
  boolean owner() {
    return !isInterface && !extendsDjlBlock() && (onType || !fields.isEmpty());
  }

  /** Whether the super class is one of DJL's, so that this surely is a Block. */
  boolean extendsDjlBlock() {
    return superName != null && superName.startsWith("ai/djl/nn/");
  }

  /**
   * Reads a class file.
   *
   * @param ours whether an annotation type, given as a descriptor, is ours or carries one of ours
   */
  static ClassFacts read(byte[] file, Predicate<String> ours) {
    Reader reader = new Reader(ours);
    OpenedClassReader.of(file)
        .accept(reader, ClassReader.SKIP_CODE | ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
    return new ClassFacts(
        reader.superName,
        reader.isInterface,
        reader.onType,
        reader.fields,
        reader.factories,
        reader.labels);
  }

  private static final class Reader extends ClassVisitor {
    private final Predicate<String> ours;
    private final Set<String> fields = new HashSet<>();
    private final Set<String> factories = new HashSet<>();
    private String superName;
    private boolean isInterface;
    private boolean onType;
    private boolean labels;

    Reader(Predicate<String> ours) {
      super(OpenedClassReader.ASM_API);
      this.ours = ours;
    }

    @Override
    public void visit(
        int version,
        int access,
        String name,
        String signature,
        String superClass,
        String[] interfaces) {
      superName = superClass;
      isInterface = (access & Opcodes.ACC_INTERFACE) != 0;
    }

    @Override
    public AnnotationVisitor visitAnnotation(String descriptor, boolean visible) {
      onType |= ours.test(descriptor);
      return null;
    }

    @Override
    public FieldVisitor visitField(
        int access, String field, String descriptor, String signature, Object value) {
      return new FieldVisitor(OpenedClassReader.ASM_API) {
        @Override
        public AnnotationVisitor visitAnnotation(String annotation, boolean visible) {
          if (ours.test(annotation)) {
            fields.add(field);
          }
          return null;
        }
      };
    }

    @Override
    public MethodVisitor visitMethod(
        int access, String method, String descriptor, String signature, String[] exceptions) {
      boolean hasBody = (access & (Opcodes.ACC_ABSTRACT | Opcodes.ACC_NATIVE)) == 0;
      labels |=
          hasBody && "forward".equals(method) && WeavePoint.LABELS_DESCRIPTOR.equals(descriptor);
      if (!hasBody || descriptor.endsWith(")V")) {
        return null;
      }
      return new MethodVisitor(OpenedClassReader.ASM_API) {
        @Override
        public AnnotationVisitor visitAnnotation(String annotation, boolean visible) {
          if (ours.test(annotation)) {
            factories.add(method + descriptor);
          }
          return null;
        }
      };
    }
  }
}
