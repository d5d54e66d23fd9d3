package dev.filigree.agent;

import java.lang.instrument.Instrumentation;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;

/**
 * Opens the packages of annotated classes and of blocks to Filigree, which reads their private
 * fields, where they are in named modules that did not open them.
 */
final class ModuleOpener {
  private final Instrumentation instrumentation;
  private final Map<Module, Set<String>> packages = new WeakHashMap<>();
  private final Map<Module, Boolean> readers = new WeakHashMap<>();

  ModuleOpener(Instrumentation instrumentation) {
    this.instrumentation = instrumentation;
  }

  /** A package whose classes will be read. */
  synchronized void open(Module module, String packageName) {
    if (module != null
        && module.isNamed()
        && packages.computeIfAbsent(module, m -> new HashSet<>()).add(packageName)) {
      for (Module reader : readers.keySet()) {
        open(module, packageName, reader);
      }
    }
  }

  /** A module that holds a Filigree. */
  synchronized void openTo(Module reader) {
    if (readers.put(reader, true) == null) {
      packages.forEach((module, names) -> names.forEach(name -> open(module, name, reader)));
    }
  }

  private void open(Module module, String packageName, Module reader) {
    if (module.getPackages().contains(packageName) && !module.isOpen(packageName, reader)) {
      instrumentation.redefineModule(
          module, Set.of(), Map.of(), Map.of(packageName, Set.of(reader)), Set.of(), Map.of());
    }
  }
}
