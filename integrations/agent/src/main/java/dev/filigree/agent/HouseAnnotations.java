package dev.filigree.agent;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells which annotation types are ours or carry one of ours, however deep, from their class files;
 * nothing is loaded. Answers are kept per class loader.
 */
final class HouseAnnotations {
  private static final Set<String> FOREIGN =
      Set.of(
          "Ljava/",
          "Ljavax/",
          "Ljakarta/",
          "Ljdk/",
          "Lkotlin/",
          "Lscala/",
          "Lorg/springframework/",
          "Lcom/fasterxml/",
          "Lorg/jetbrains/",
          "Lorg/junit/",
          "Lcom/google/",
          "Lorg/checkerframework/",
          "Lorg/jspecify/",
          "Ledu/umd/");

  private final Map<ClassLoader, Map<String, Boolean>> known = new WeakHashMap<>();

  /**
   * Whether the annotation type with this descriptor, as a class in {@code loader} sees it, counts.
   */
  boolean isOurs(ClassLoader loader, String descriptor) {
    return isOurs(loader, descriptor, ConcurrentHashMap.newKeySet());
  }

  private boolean isOurs(ClassLoader loader, String descriptor, Set<String> path) {
    String name = descriptor.substring(1, descriptor.length() - 1);
    if (name.startsWith(ClassFacts.ANNOTATIONS)) {
      return true;
    }
    if (FOREIGN.stream().anyMatch(descriptor::startsWith) || !path.add(name)) {
      return false;
    }
    Map<String, Boolean> answers;
    synchronized (known) {
      answers = known.computeIfAbsent(loader, l -> new ConcurrentHashMap<>());
    }
    Boolean answer = answers.get(name);
    if (answer == null) {
      // Not computeIfAbsent: reading may load classes, which may come back here.
      answer = carriesOurs(loader, name, path);
      if (answer || path.size() == 1) { // below another type, a cycle may have cut the search short
        answers.put(name, answer);
      }
    }
    return answer;
  }

  private boolean carriesOurs(ClassLoader loader, String name, Set<String> path) {
    try (InputStream in = loader.getResourceAsStream(name + ".class")) {
      if (in == null) {
        return false; // reflection would not see it either
      }
      byte[] file = in.readAllBytes();
      int found = ConstantPool.find(file);
      return (found & (ConstantPool.FILIGREE_ANNOTATION | ConstantPool.RUNTIME_ANNOTATION)) != 0
          && ClassFacts.read(file, a -> isOurs(loader, a, path)).onType();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
