package dev.filigree.cli.bench;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.filigree.gate.Copies;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The other forms of libtorch that work on this machine, and why others do not. */
final class Rivals implements AutoCloseable {
  private final List<TorchSide> sides = new ArrayList<>();
  private final Map<String, String> missing = new LinkedHashMap<>();

  private Rivals() {}

  /**
   * Gives libtorch the weights in all its forms.
   *
   * @param kept how many weights are not zero
   * @param dense the weights as arrays of DJL
   */
  static Rivals of(
      LayerSpec spec,
      long kept,
      NDManager manager,
      List<NDArray> dense,
      Copies copies,
      List<NDArray> inputs) {
    Rivals rivals = new Rivals();
    for (TorchForm form : TorchForm.values()) {
      // Compressed rows of weights none of which is removed are of no interest to anybody.
      if (form == TorchForm.CSR && spec.plan().isEmpty()) {
        continue;
      }
      try {
        TorchSide side = TorchSide.of(form, spec, kept, manager, dense, copies, inputs);
        rivals.sides.add(side);
        side.answer(inputs.get(0), 0).close();
      } catch (EngineException e) {
        rivals.sides.removeIf(s -> s.label().equals(form.label()));
        rivals.missing.put(form.label(), firstLine(e));
      }
    }
    return rivals;
  }

  private static String firstLine(EngineException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason given");
  }

  List<TorchSide> sides() {
    return List.copyOf(sides);
  }

  /** By name why a form does not work here. */
  Map<String, String> missing() {
    return Map.copyOf(missing);
  }

  @Override
  public void close() {
    sides.forEach(TorchSide::close);
  }
}
