package dev.filigree.djl;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import dev.filigree.annotations.ActivationMethod;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.bind.Provenance;
import dev.filigree.djl.bind.ServingOperator;
import dev.filigree.djl.bind.WeightLayout;
import dev.filigree.djl.serve.ActivationRule;
import dev.filigree.djl.serve.Activations;
import dev.filigree.djl.serve.Dispatch;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.PackedWeights;
import dev.filigree.djl.serve.RemainderRule;
import dev.filigree.djl.serve.WeightForm;
import dev.filigree.djl.train.Weights;
import dev.filigree.file.DType;
import dev.filigree.file.DenseEntry;
import dev.filigree.file.Entry;
import dev.filigree.file.PackedEntry;
import dev.filigree.file.PackedFile;
import dev.filigree.file.Receipt;
import dev.filigree.file.StoredRemainders;
import dev.filigree.mask.Mask;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.pack.Part;
import dev.filigree.pack.Remainder;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A model served from a packed file. */
final class PackedModel {
  private static final Logger LOG = LoggerFactory.getLogger(PackedModel.class);

  static final String THRESHOLD = "threshold.";

  /** How many inputs a layer under R_SPARSE is to keep. */
  static final String KEPT = "kept.";

  /** Stands between the thresholds of hidden units. */
  static final String UNITS = ",";

  private PackedModel() {}

  static Map<String, Binding> weightOwners(List<Bindings.Layer> layers) {
    Map<String, Binding> owners = new HashMap<>();
    layers.forEach(l -> l.binding().weights().forEach(w -> owners.put(w.getId(), l.binding())));
    return owners;
  }

  /** A packed matrix that serves the layer, or null. */
  static PackedMatrix served(Binding owner) {
    PackedWeights packed =
        owner != null && owner.serving() instanceof LayerServing s ? s.packed() : null;
    return packed == null
        ? null
        : packed.forms().stream()
            .filter(WeightForm.Packed.class::isInstance)
            .map(form -> ((WeightForm.Packed) form).matrix())
            .findFirst()
            .orElse(null);
  }

  static ByteBuffer direct(long bytes) {
    return ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
  }

  static ModelSummary load(Model model, Path path) {
    Block root = model.getBlock();
    List<Bindings.Layer> layers = Bindings.bind(root).orThrow();
    PackedFile file = PackedFile.open(path);
    file.requireIntact();
    Map<String, Parameter> parameters = new TreeMap<>();
    root.getParameters().forEach(p -> parameters.put(p.getKey(), p.getValue()));
    check(path, file, parameters);
    layers.forEach(l -> checkLinear(path, file, parameters, l));
    Map<String, Binding> owners = weightOwners(layers);
    // Everything that can fail comes before the first change.
    Map<String, PackedMatrix> matrices = new HashMap<>();
    for (Entry e : file.entries()) {
      if (e instanceof PackedEntry p) {
        matrices.put(e.name(), matrix(p));
      }
    }
    Receipt receipt = file.receipt();
    Map<Binding, ActivationRule> rules = new IdentityHashMap<>();
    layers.forEach(l -> rules.put(l.binding(), rule(path, file, parameters, l.binding())));
    layers.forEach(l -> keepPinnedAs(receipt, parameters, l.binding()));
    Bindings.setProvenance(root, new Provenance(receipt, file::mask));
    layers = Bindings.bind(root).orThrow();
    for (Bindings.Layer l : layers) {
      ServingOperator before = l.binding().serving();
      l.binding().setServing(null);
      if (before != null) {
        before.release();
      }
    }
    layers.stream()
        .map(l -> l.binding().block())
        .filter(Objects::nonNull)
        .forEach(b -> b.setServing(null));
    boolean serve = Dispatch.isWoven();
    if (!serve) {
      LOG.warn(Message.FIL_0208.text(1));
    }
    for (Entry e : file.entries()) {
      if (e instanceof DenseEntry d && !StoredRemainders.isBeside(d.name())) {
        set(model, parameters.get(e.name()), d.tensor().data(), new Shape(e.shape()));
      }
    }
    for (Entry e : file.entries()) {
      if (e instanceof PackedEntry) {
        Parameter parameter = parameters.get(e.name());
        Binding owner = owners.get(parameter.getId());
        PackedMatrix matrix = matrices.get(e.name());
        if (serve && owner != null && owner.isPackable()) {
          parameter.close();
          PackedWeights weights =
              new PackedWeights(
                  owner, Map.of(1, new WeightForm.Packed(matrix)), matrix.rows(), matrix.cols());
          ActivationRule rule = rules.get(owner);
          boolean gate = owner.decidesUnits();
          owner.setServing(new LayerServing(weights, gate ? null : rule, gate ? rule : null));
        } else {
          setUnpacked(model, parameter, matrix);
        }
      }
    }
    for (Bindings.Layer l : layers) {
      ActivationRule rule = rules.get(l.binding());
      if (l.binding().serving() == null && rule != null) {
        boolean gate = l.binding().decidesUnits();
        l.binding().setServing(new LayerServing(null, gate ? null : rule, gate ? rule : null));
      }
    }
    Activations.prepare(layers);
    return Summaries.of(root, layers);
  }

  /** Lets go of pinned masks that are not those of the file. */
  private static void keepPinnedAs(
      Receipt receipt, Map<String, Parameter> parameters, Binding binding) {
    if (binding.pinned() == null) {
      return;
    }
    for (Map.Entry<String, Parameter> p : parameters.entrySet()) {
      if (binding.weights().contains(p.getValue())) {
        Mask mask = binding.pinned().of(p.getValue());
        WeightLayout layout = WeightLayout.of(binding.kind(), p.getValue().getShape());
        if (!layout.toArray(mask).sha256().equals(receipt.masks().get(p.getKey()))) {
          binding.pin(null);
          return;
        }
      }
    }
  }

  private static ActivationRule rule(
      Path path, PackedFile file, Map<String, Parameter> parameters, Binding binding) {
    String threshold = file.metadata().get(THRESHOLD + binding.path());
    boolean declared = binding.plan().flatMap(p -> p.activation()).isPresent();
    if (threshold == null || !declared) {
      return null;
    }
    ActivationMethod method = binding.plan().flatMap(p -> p.activation()).orElseThrow().method();
    if (method == ActivationMethod.R_SPARSE) {
      return remainder(path, file, parameters, binding, threshold);
    }
    if (file.metadata().containsKey(KEPT + binding.path())) {
      return null; // of R_SPARSE, and another method is declared now
    }
    try {
      boolean weighed = method == ActivationMethod.WINA_THRESHOLD;
      if (weighed != (threshold.contains(UNITS) && method != ActivationMethod.CHESS)) {
        return null; // saved under another method than the one that is declared now
      }
      if (!threshold.contains(UNITS)) {
        float t = Float.parseFloat(threshold);
        boolean relu = binding.role() == Binding.Role.GATE && method == ActivationMethod.RELU;
        return relu ? ActivationRule.relu(t) : ActivationRule.above(t);
      }
      String[] each = threshold.split(UNITS, -1);
      float[] units = new float[each.length];
      for (int i = 0; i < units.length; i++) {
        units[i] = Float.parseFloat(each[i]);
      }
      for (Map.Entry<String, Parameter> p : parameters.entrySet()) {
        if (p.getValue() == binding.weights().get(0)
            && file.entry(p.getKey()).orElseThrow().shape()[weighed ? 1 : 0] != units.length) {
          String what = THRESHOLD + binding.path() + " has " + units.length + " values";
          throw new FiligreeException(Message.FIL_0415, path, what);
        }
      }
      return ActivationRule.above(units);
    } catch (NumberFormatException e) {
      throw new FiligreeException(
          e, Message.FIL_0415, path, THRESHOLD + binding.path() + " is \"" + threshold + "\"");
    }
  }

  /** What R_SPARSE has beside its threshold; null where the file was not saved with it. */
  private static ActivationRule remainder(
      Path path,
      PackedFile file,
      Map<String, Parameter> parameters,
      Binding binding,
      String threshold) {
    String kept = file.metadata().get(KEPT + binding.path());
    if (kept == null || !binding.isPackable()) {
      return null;
    }
    float t = number(path, THRESHOLD + binding.path(), threshold, Float::parseFloat);
    int count = number(path, KEPT + binding.path(), kept, Integer::parseInt);
    String name =
        parameters.entrySet().stream()
            .filter(p -> p.getValue() == binding.weights().get(0))
            .map(Map.Entry::getKey)
            .findFirst()
            .orElseThrow();
    Entry weight = file.entry(name).orElseThrow();
    int outputs = Math.toIntExact(weight.shape()[0]);
    int inputs = Math.toIntExact(weight.shape()[1]);
    if (count < 0 || count > inputs) {
      String what = KEPT + binding.path() + " is " + count + " of " + inputs + " inputs";
      throw new FiligreeException(Message.FIL_0415, path, what);
    }
    try {
      Remainder remainder =
          StoredRemainders.read(
              n -> file.entry(n).map(e -> e instanceof DenseEntry d ? d.tensor() : null),
              StoredRemainders.nameFor(name),
              outputs,
              inputs,
              count);
      return new RemainderRule(remainder, t, dense(weight, outputs, inputs));
    } catch (StoredRemainders.BrokenException e) {
      throw new FiligreeException(
          Message.FIL_0415, path, e.tensor() + " is missing or does not fit its weight");
    }
  }

  private static ByteBuffer dense(Entry weight, int rows, int cols) {
    if (weight instanceof PackedEntry p) {
      ByteBuffer dense = direct(4L * rows * cols);
      matrix(p).unpack(dense);
      return dense;
    }
    return ((DenseEntry) weight).tensor().data();
  }

  private static <T> T number(Path path, String key, String text, Function<String, T> parser) {
    try {
      return parser.apply(text);
    } catch (NumberFormatException e) {
      throw new FiligreeException(e, Message.FIL_0415, path, key + " is \"" + text + "\"");
    }
  }

  private static PackedMatrix matrix(PackedEntry e) {
    Map<String, Part> parts = new LinkedHashMap<>();
    e.parts().forEach(p -> parts.put(p.suffix(), p));
    return PackedMatrices.fromParts(
        e.descriptor().format(), e.descriptor().rows(), e.descriptor().cols(), parts);
  }

  /**
   * The file must hold exactly the model's parameters, in shapes they can take; checked before
   * anything is changed.
   */
  private static void check(Path path, PackedFile file, Map<String, Parameter> parameters) {
    for (String name : parameters.keySet()) {
      if (file.entry(name).isEmpty()) {
        throw new FiligreeException(Message.FIL_0406, path, "it has no " + name);
      }
    }
    for (Entry e : file.entries()) {
      Parameter p = parameters.get(e.name());
      if (StoredRemainders.isBeside(e.name())) {
        continue;
      }
      if (p == null) {
        throw new FiligreeException(Message.FIL_0406, path, "the model has no " + e.name());
      }
      if (e.dtype() != DType.F32) {
        throw new FiligreeException(
            Message.FIL_0406, path, e.name() + " is of type " + e.dtype() + ", not F32");
      }
      Shape shape = new Shape(e.shape());
      if (p.getShape() != null && !p.getShape().equals(shape)) {
        throw new FiligreeException(
            Message.FIL_0406,
            path,
            e.name() + " is " + shape + " there and " + p.getShape() + " in the model");
      }
    }
  }

  /**
   * A layer that is not initialised takes any shape, but a Linear knows its number of outputs
   * already.
   */
  private static void checkLinear(
      Path path, PackedFile file, Map<String, Parameter> parameters, Bindings.Layer layer) {
    if (!layer.binding().isPackable()) {
      return;
    }
    long units = layer.block().getOutputShapes(new Shape[] {new Shape(1, 1)})[0].get(1);
    Parameter weight = layer.binding().weights().get(0);
    Optional<Parameter> bias = layer.binding().bias();
    parameters.forEach(
        (name, p) -> {
          int dimensions = p == weight ? 2 : bias.filter(b -> b == p).isPresent() ? 1 : 0;
          Shape shape = new Shape(file.entry(name).orElseThrow().shape());
          if (dimensions > 0 && (shape.dimension() != dimensions || shape.get(0) != units)) {
            throw new FiligreeException(
                Message.FIL_0406,
                path,
                name + " is " + shape + " there, and the layer has " + units + " outputs");
          }
        });
  }

  /** Makes the dense arrays that a model served from a file does not have. */
  static void restoreDense(Model model) {
    for (Bindings.Layer l : Bindings.bind(model.getBlock()).layers()) {
      PackedMatrix served = served(l.binding());
      if (served != null && !l.binding().weights().get(0).isInitialized()) {
        setUnpacked(model, l.binding().weights().get(0), served);
      }
    }
  }

  private static void setUnpacked(Model model, Parameter parameter, PackedMatrix matrix) {
    ByteBuffer dense = direct(4L * matrix.rows() * matrix.cols());
    matrix.unpack(dense);
    set(model, parameter, dense, new Shape(matrix.rows(), matrix.cols()));
  }

  private static void set(Model model, Parameter parameter, ByteBuffer values, Shape shape) {
    if (parameter.isInitialized()) {
      Weights.write(parameter.getArray(), values.asFloatBuffer());
    } else if (parameter.getShape() == null) {
      float[] copy = new float[Math.toIntExact(shape.size())];
      values.asFloatBuffer().get(copy);
      NDArray array = model.getNDManager().create(copy, shape);
      array.setName(parameter.getName());
      parameter.setArray(array);
    } else {
      parameter.initialize(model.getNDManager(), DataType.FLOAT32);
      Weights.write(parameter.getArray(), values.asFloatBuffer());
    }
  }
}
