package dev.filigree.djl;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.util.PairList;
import dev.filigree.annotations.NMSparse;
import dev.filigree.annotations.Schedule;
import dev.filigree.annotations.ScheduleKind;
import dev.filigree.annotations.Sparse;

/** Small annotated models and one hand-written training step. */
public final class Nets {
  private Nets() {}

  /** Two linears, one unstructured with hard masks at once, one 2:4 with SR-STE. */
  public static final class Annotated extends AbstractBlock {
    @Sparse(sparsity = 0.75, schedule = @Schedule(kind = ScheduleKind.ONE_SHOT, start = 0, end = 0))
    private final Linear wide;

    @NMSparse(n = 2, m = 4)
    private final Linear next;

    private final Linear head;

    public Annotated() {
      wide = addChildBlock("wide", Linear.builder().setUnits(64).build());
      next = addChildBlock("next", Linear.builder().setUnits(32).build());
      head = addChildBlock("head", Linear.builder().setUnits(4).build());
    }

    public Linear wide() {
      return wide;
    }

    public Linear next() {
      return next;
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDList x = Activation.relu(wide.forward(store, inputs, training));
      return head.forward(store, Activation.relu(next.forward(store, x, training)), training);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return new Shape[] {new Shape(inputs[0].get(0), 4)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
      wide.initialize(manager, type, shapes[0]);
      next.initialize(manager, type, new Shape(shapes[0].get(0), 64));
      head.initialize(manager, type, new Shape(shapes[0].get(0), 32));
    }
  }

  /** The same layers, names and order without annotations. */
  public static final class Plain extends AbstractBlock {
    private final Linear wide = addChildBlock("wide", Linear.builder().setUnits(64).build());
    private final Linear next = addChildBlock("next", Linear.builder().setUnits(32).build());
    private final Linear head = addChildBlock("head", Linear.builder().setUnits(4).build());

    @Override
    protected NDList forwardInternal(
        ParameterStore store, NDList inputs, boolean training, PairList<String, Object> params) {
      NDList x = Activation.relu(wide.forward(store, inputs, training));
      return head.forward(store, Activation.relu(next.forward(store, x, training)), training);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return new Shape[] {new Shape(inputs[0].get(0), 4)};
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
      wide.initialize(manager, type, shapes[0]);
      next.initialize(manager, type, new Shape(shapes[0].get(0), 64));
      head.initialize(manager, type, new Shape(shapes[0].get(0), 32));
    }
  }

  /** A model around a block. */
  public static Model model(String name, Block block) {
    Model model = Model.newInstance(name, "PyTorch");
    model.setBlock(block);
    return model;
  }

  /** One hand-written training step on random data; returns the loss. */
  public static float step(Trainer trainer, NDArray x, NDArray y) {
    float loss;
    try (GradientCollector collector = trainer.newGradientCollector()) {
      NDArray l = trainer.getLoss().evaluate(new NDList(y), trainer.forward(new NDList(x)));
      collector.backward(l);
      loss = l.getFloat();
      l.close();
    }
    trainer.step();
    return loss;
  }
}
