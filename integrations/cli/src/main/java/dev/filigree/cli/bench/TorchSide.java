package dev.filigree.cli.bench;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.filigree.djl.torch.TorchArchive;
import dev.filigree.gate.Copies;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The operation by a TorchScript model that holds its weights in a form DJL has no arrays of. */
final class TorchSide extends Side implements AutoCloseable {
  /** DJL takes an array of this name for the method to call. */
  private static final String METHOD = "module_method:";

  private final Model model;
  private final Block block;
  private final ParameterStore parameters;

  private TorchSide(
      TorchForm form,
      Model model,
      ParameterStore parameters,
      int copies,
      long bytes,
      List<NDArray> inputs) {
    super(form.label(), copies, bytes, inputs);
    this.model = model;
    this.block = model.getBlock();
    this.parameters = parameters;
  }

  /**
   * Loads the script and gives it the weights.
   *
   * @param kept how many weights are not zero
   * @param dense the weights as arrays of DJL
   * @throws ai.djl.engine.EngineException where libtorch cannot do it on this machine
   */
  static TorchSide of(
      TorchForm form,
      LayerSpec spec,
      long kept,
      NDManager manager,
      List<NDArray> dense,
      Copies copies,
      List<NDArray> inputs) {
    long rows = spec.matrices().stream().mapToLong(m -> m.rows() + 1L).sum();
    long bytes = form.bytes(spec.weights(), kept, rows);
    Model model = Model.newInstance(form.label());
    try {
      model.load(new ByteArrayInputStream(TorchArchive.of(script(form, spec))));
    } catch (IOException | MalformedModelException e) {
      throw new IllegalStateException("libtorch refuses the script: " + e.getMessage(), e);
    }
    int count = copies.count(bytes);
    ParameterStore parameters = new ParameterStore(manager, false);
    TorchSide side = new TorchSide(form, model, parameters, count, bytes, inputs);
    for (NDArray w : dense) {
      side.call("add", manager, w);
    }
    for (int i = dense.size(); i < count * dense.size(); i++) {
      side.call("repeat", manager, inputs.get(0));
    }
    return side;
  }

  private void call(String method, NDManager manager, NDArray argument) {
    try (NDArray name = manager.create(0)) {
      name.setName(METHOD + method);
      block.forward(parameters, new NDList(argument, name), false).close();
    }
  }

  /** Copies are taken in turn inside the script. */
  @Override
  NDList answer(NDArray x, int copy) {
    return block.forward(parameters, new NDList(x), false);
  }

  @Override
  public void close() {
    model.close();
  }

  /** The methods of the script. */
  static String script(TorchForm form, LayerSpec spec) {
    int matrices = spec.matrices().size();
    StringBuilder s = new StringBuilder();
    s.append("  def add(self: __torch__.M, dense: Tensor) -> Tensor:\n").append(form.convert());
    s.append("    _0 = torch.append(self.weights, w)\n    return dense\n");
    s.append("  def repeat(self: __torch__.M, x: Tensor) -> Tensor:\n");
    s.append("    w = self.weights[torch.sub(torch.len(self.weights), ")
        .append(matrices)
        .append(")]\n");
    s.append("    _0 = torch.append(self.weights, torch.clone(w))\n    return x\n");
    List<String> types = new ArrayList<>();
    List<String> results = new ArrayList<>();
    String body = body(form, spec, types, results);
    boolean one = types.size() == 1;
    s.append("  def forward(self: __torch__.M, x: Tensor) -> ")
        .append(one ? "Tensor" : "Tuple[" + String.join(", ", types) + "]")
        .append(":\n    i = self.next\n");
    s.append("    self.next = torch.remainder(torch.add(i, ")
        .append(matrices)
        .append("), torch.len(self.weights))\n");
    for (int m = 0; m < matrices; m++) {
      s.append("    w%1$d = self.weights[torch.add(i, %1$d)]\n".formatted(m));
    }
    s.append("    a = ").append(form.input()).append('\n').append(body);
    s.append("    return ")
        .append(one ? results.get(0) : "(" + String.join(", ", results) + ")")
        .append('\n');
    return s.toString();
  }

  private static String body(
      TorchForm form, LayerSpec spec, List<String> types, List<String> results) {
    StringBuilder s = new StringBuilder();
    if (spec.op() == Op.GATED_FFN) {
      s.append("    g = ").append(form.product("a", 0, spec.batch())).append('\n');
      s.append("    u = ").append(form.product("a", 1, spec.batch())).append('\n');
      s.append("    h = torch.mul(torch.silu(g), u)\n");
      s.append("    y = ").append(form.output(form.product("h", 2, spec.batch()))).append('\n');
      types.add("Tensor");
      results.add("y");
      return s.toString();
    }
    for (int m = 0; m < spec.matrices().size(); m++) {
      s.append("    y%d = %s\n".formatted(m, form.output(form.product("a", m, spec.batch()))));
      types.add("Tensor");
      results.add("y" + m);
    }
    return s.toString();
  }
}
