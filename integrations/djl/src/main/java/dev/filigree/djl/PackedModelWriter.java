package dev.filigree.djl;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import dev.filigree.djl.bind.Binding;
import dev.filigree.djl.bind.Bindings;
import dev.filigree.djl.bind.Provenance;
import dev.filigree.djl.bind.WeightLayout;
import dev.filigree.djl.serve.Activations;
import dev.filigree.djl.serve.LayerServing;
import dev.filigree.djl.serve.RemainderRule;
import dev.filigree.djl.train.Finish;
import dev.filigree.djl.train.Weights;
import dev.filigree.file.DType;
import dev.filigree.file.DenseEntry;
import dev.filigree.file.Entry;
import dev.filigree.file.PackedEntry;
import dev.filigree.file.PackedFile;
import dev.filigree.file.Receipt;
import dev.filigree.file.ReceiptStep;
import dev.filigree.file.Spool;
import dev.filigree.file.StoredMasks;
import dev.filigree.file.StoredRemainders;
import dev.filigree.file.Tensor;
import dev.filigree.mask.Mask;
import dev.filigree.pack.PackedMatrices;
import dev.filigree.pack.PackedMatrix;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.LayerPlan;
import dev.filigree.plan.Message;
import dev.filigree.plan.WeightPlan;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;

/** Writes a model's parameters, with their masks and the receipt, into one packed file. */
final class PackedModelWriter {
  private final List<Bindings.Layer> layers;
  private final Map<String, Binding> owners;
  private final Provenance provenance;
  private final Spool spool;
  private final List<Entry> entries = new ArrayList<>();
  private final Map<String, String> digests = new LinkedHashMap<>();
  // Of the masks that were chosen since the last step of the receipt.
  private final Map<String, String> declared = new LinkedHashMap<>();

  private PackedModelWriter(List<Bindings.Layer> layers, Provenance provenance, Spool spool) {
    this.layers = layers;
    this.owners = PackedModel.weightOwners(layers);
    this.provenance = provenance;
    this.spool = spool;
  }

  static void save(Model model, Path file) {
    Finish.run(model);
    Block root = model.getBlock();
    List<Bindings.Layer> layers = Bindings.bind(root).orThrow();
    try (Spool spool = Spool.beside(file)) {
      PackedModelWriter writer = new PackedModelWriter(layers, Bindings.provenance(root), spool);
      Activations.dropStale(layers);
      for (Pair<String, Parameter> p : root.getParameters()) {
        writer.add(p.getKey(), p.getValue());
        writer.addRemainder(p.getKey(), p.getValue());
      }
      Map<String, String> metadata = new LinkedHashMap<>();
      metadata.put("model", model.getName());
      metadata.put("block", root.getClass().getName());
      writer.thresholds(metadata);
      Receipt receipt = writer.receipt();
      PackedFile.write(file, writer.entries, receipt.isEmpty() ? metadata : receipt.into(metadata));
    }
  }

  private void thresholds(Map<String, String> metadata) {
    for (Bindings.Layer l : layers) {
      if (l.binding().serving() instanceof LayerServing s
          && s.rule() != null
          && s.rule().threshold().isPresent()) {
        metadata.put(
            PackedModel.THRESHOLD + l.binding().path(),
            String.valueOf(s.rule().threshold().getAsDouble()));
        if (s.rule() instanceof RemainderRule r) {
          metadata.put(PackedModel.KEPT + l.binding().path(), String.valueOf(r.remainder().kept()));
        }
      } else if (l.binding().serving() instanceof LayerServing s
          && s.rule() != null
          && s.rule().unitThresholds().length > 0) {
        StringJoiner units = new StringJoiner(PackedModel.UNITS);
        for (float t : s.rule().unitThresholds()) {
          units.add(String.valueOf(t));
        }
        metadata.put(PackedModel.THRESHOLD + l.binding().path(), units.toString());
      }
    }
  }

  private void add(String name, Parameter p) {
    Binding owner = owners.get(p.getId());
    if (!p.isInitialized()) {
      PackedMatrix served = PackedModel.served(owner);
      if (served == null) {
        throw new FiligreeException(Message.FIL_0305, name, "it is not initialised");
      }
      ByteBuffer dense = PackedModel.direct(4L * served.rows() * served.cols());
      served.unpack(dense);
      long[] shape = {served.rows(), served.cols()};
      Mask mask = mask(name, p, owner, shape, dense);
      entries.add(packed(owner, Tensor.of(name, DType.F32, shape, dense), mask));
      return;
    }
    NDArray array = p.getArray();
    long[] shape = array.getShape().getShape();
    if (!Weights.isReadable(array)) {
      throw new FiligreeException(Message.FIL_0314, name, array.getDataType());
    }
    ByteBuffer values = array.toByteBuffer(true).order(ByteOrder.nativeOrder());
    values.rewind();
    Tensor dense = Tensor.of(name, DType.F32, shape, values);
    if (plan(owner).isEmpty() && !provenance.receipt().masks().containsKey(name)) {
      entries.add(new DenseEntry(dense));
      return;
    }
    Mask mask = mask(name, p, owner, shape, values);
    if (shape.length == 2) {
      PackedEntry packed = packed(owner, dense, mask);
      if (packed.bytes() < values.limit()) {
        entries.add(packed);
        return;
      }
    }
    entries.add(new DenseEntry(dense));
    if (!mask.equals(nonZeros(shape, values))) {
      entries.add(new DenseEntry(StoredMasks.tensor(name, mask)));
    }
  }

  private void addRemainder(String name, Parameter p) {
    Binding owner = owners.get(p.getId());
    if (owner != null
        && owner.serving() instanceof LayerServing s
        && s.rule() instanceof RemainderRule r) {
      StoredRemainders.tensors(StoredRemainders.nameFor(name), r.remainder())
          .forEach(t -> entries.add(new DenseEntry(t)));
    }
  }

  private static Optional<WeightPlan> plan(Binding owner) {
    return owner == null ? Optional.empty() : owner.plan().flatMap(LayerPlan::weight);
  }

  private PackedEntry packed(Binding owner, Tensor dense, Mask mask) {
    PackedMatrices.requireFinite(dense.chunks().get(0), mask.rows(), mask.cols());
    String pattern =
        plan(owner)
            .map(p -> p.pattern().text())
            .or(() -> provenance.receipt().pattern(dense.name()))
            .orElse("unstructured");
    return PackedEntry.bitmap(dense, mask, pattern, spool);
  }

  /** The mask of a sparse weight in the order of its array, and its digest for the receipt. */
  private Mask mask(String name, Parameter p, Binding owner, long[] shape, ByteBuffer values) {
    boolean pinned = owner != null && owner.pinned() != null;
    Mask mask;
    if (pinned) {
      WeightLayout layout = WeightLayout.of(owner.kind(), new Shape(shape));
      mask = layout.toArray(owner.pinned().of(p));
    } else {
      Mask zeros = nonZeros(shape, values);
      mask = provenance.masks().apply(name).filter(m -> m.contains(zeros)).orElse(zeros);
    }
    String digest = mask.sha256();
    digests.put(name, digest);
    // Finish has seen to it that a declared weight has a mask that was declared.
    if (!pinned && !digest.equals(provenance.receipt().masks().get(name))) {
      plan(owner).ifPresent(w -> declared.put(name, w.text()));
    }
    return mask;
  }

  private static Mask nonZeros(long[] shape, ByteBuffer values) {
    FloatBuffer floats = values.duplicate().order(ByteOrder.nativeOrder()).asFloatBuffer();
    int rows = Math.toIntExact(shape[0]);
    return Mask.ofNonZeros(floats, rows, floats.remaining() / rows);
  }

  private Receipt receipt() {
    Receipt receipt = provenance.receipt();
    if (!declared.isEmpty()) {
      Map<String, String> chosen = new LinkedHashMap<>();
      declared.keySet().forEach(name -> chosen.put(name, digests.get(name)));
      receipt = receipt.then(ReceiptStep.of("finish", declared).choosing(chosen));
    }
    return digests.isEmpty()
        ? receipt
        : receipt.then(ReceiptStep.of("save", Map.of("format", "bitmap")).keeping(digests));
  }
}
